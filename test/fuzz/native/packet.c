/* Packets of the link as addon and executor read them, and the control messages beside: nothing behind them is read,
 * nobody is taken for a successor who has not advertised version 3 with TTL 255 and a priority, and no address for
 * announced but by gratuitous ARP or a neighbor advertisement. */
#include "../../../native/addon/deadline_timer.c"
#include "../../../native/addon/outgoing.c"
#include "../../../native/addon/packet_socket.c"
#include "../../../native/executor/will.c"

#include "drive.h"

void complain(const char *format, ...) {
  (void)format;
}

static void take_header(const uint8_t *data, size_t size) {
  uint8_t *packet = exactly(data, size);
  struct packet_record record = {.length = (uint32_t)size};
  strip_ipv4_header(packet, &record);
  EXPECT(record.offset + record.length <= size);
  free(packet);
}

static void take_control(const uint8_t *data, size_t size) {
  uint8_t *control = exactly(data, size);
  struct msghdr header = {.msg_control = control, .msg_controllen = size};
  struct packet_record record = {0};
  read_control(&header, &record);
  EXPECT(record.length == 0 && record.offset == 0);
  free(control);
}

static void take_link_packet(uint16_t type, const uint8_t *data, size_t size) {
  uint8_t *packet = exactly(data, size);
  struct successor successors[2] = {{.link = 3, .family = 4, .vrid = 51},
                                    {.link = 3, .family = 6, .vrid = 51}};
  struct address addresses[2] = {{.family = 4, .bytes = {10, 99, 0, 100}},
                                 {.family = 6, .bytes = {0xfe, 0x80, [15] = 0x64}}};
  bool announced[2] = {false, false};
  struct will will = {.successor_count = 2,
                      .successors = successors,
                      .address_count = 2,
                      .addresses = addresses,
                      .announced = announced};
  struct listener listener = {.link = 3, .type = type};
  notice(&will, &listener, packet, size);
  for (int i = 0; i < 2; i += 1) {
    if (!successors[i].seen) continue;
    EXPECT(type_of(successors[i].family) == type);
    size_t header = type == ETH_P_IPV6 ? 40 : (size_t)(packet[0] & 15) * 4;
    EXPECT(size >= header + 8 && packet[type == ETH_P_IPV6 ? 7 : 8] == 255);
    EXPECT(packet[header] == 0x31 && packet[header + 1] == 51 && packet[header + 2] != 0);
  }
  if (announced[0])
    EXPECT(type == ETH_P_ARP && size >= 28 && memcmp(packet + 14, packet + 24, 4) == 0);
  if (announced[1])
    EXPECT(type == ETH_P_IPV6 && size >= 64 && packet[7] == 255 && packet[40] == 136);
  free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return 0;
  switch (data[0] & 3) {
  case 0:
    take_header(data + 1, size - 1);
    break;
  case 1:
    take_control(data + 1, size - 1);
    break;
  case 2:
    take_link_packet(data[0] & 4 ? ETH_P_ARP : ETH_P_IP, data + 1, size - 1);
    break;
  default:
    take_link_packet(ETH_P_IPV6, data + 1, size - 1);
  }
  return 0;
}
