/* The executor's command stream, cut into pieces as a pipe may cut it: the same frames come out however it was cut, a
 * payload that is taken is whole, and one that is refused leaves nothing behind. */
#include "../../../native/executor/frame.c"

#include "drive.h"

static void expect_request(const struct request *request) {
  size_t arguments = 0;
  size_t additions = 0;
  while (request->argv[arguments] != NULL) arguments += 1;
  while (request->additions[additions] != NULL) {
    EXPECT(strchr(request->additions[additions], '=') > request->additions[additions]);
    additions += 1;
  }
  EXPECT(arguments > 0);
  EXPECT(request->input.length <= request->size);
}

static void expect_will(const struct will *will) {
  EXPECT(will->successor_count <= SUCCESSORS_MAX);
  for (size_t i = 0; i < will->successor_count; i += 1) {
    const struct successor *one = &will->successors[i];
    EXPECT(one->vrid != 0 && (one->family == 4 || one->family == 6) && !one->seen);
  }
  for (size_t i = 0; i < will->address_count; i += 1) {
    const struct address *one = &will->addresses[i];
    EXPECT(one->family == 4 || one->family == 6);
    EXPECT(one->prefix_length <= (one->family == 4 ? 32 : 128));
    EXPECT(i == 0 || address_compare(one - 1, one) <= 0);
  }
  expect_request(&will->release);
}

static void take_payload(const struct frame *frame) {
  struct request request;
  struct will *will = NULL;
  if (frame->type == FRAME_WILL) {
    if (will_parse(frame->payload, &will) != 0) return;
    expect_will(will);
    will_free(will);
  } else if (request_parse(frame->payload, &request) == 0) {
    expect_request(&request);
    request_free(&request);
  }
}

/* How far the stream was understood. */
struct account {
  size_t frames;
  size_t bytes;
  int end;
};

static struct account take_stream(const uint8_t *data, size_t size, size_t piece) {
  struct buffer in = {0};
  struct account account = {0, 0, 0};
  for (size_t at = 0; at < size && account.end == 0; at += piece) {
    EXPECT(buffer_append(&in, data + at, size - at < piece ? size - at : piece) == 0);
    struct frame frame;
    while ((account.end = frame_next(&in, &frame)) == 1) {
      size_t whole = HEADER_LENGTH + frame.payload.length;
      EXPECT(whole <= buffer_length(&in) && frame.payload.length <= PAYLOAD_MAX);
      take_payload(&frame);
      buffer_consume(&in, whole);
      account.frames += 1;
      account.bytes += whole;
    }
  }
  free(in.bytes);
  return account;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return 0;
  struct account at_once = take_stream(data + 1, size - 1, size);
  struct account in_pieces = take_stream(data + 1, size - 1, (size_t)data[0] + 1);
  EXPECT(at_once.frames == in_pieces.frames && at_once.bytes == in_pieces.bytes);
  EXPECT(at_once.end == in_pieces.end);
  return 0;
}
