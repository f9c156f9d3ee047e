{
  "target_defaults": {
    "cflags": ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fvisibility=hidden"],
    "cflags!": ["-fno-omit-frame-pointer"],
    "defines": ["_GNU_SOURCE", "UNDERSTUDY_VERSION=\"<!(node -p \"require('./package.json').version\")\""]
  },
  "targets": [
    {
      "target_name": "understudy",
      "sources": [
        "native/addon/addon.c",
        "native/addon/arguments.c",
        "native/addon/checks.c",
        "native/addon/confirmations.c",
        "native/addon/datagram_socket.c",
        "native/addon/deadline_timer.c",
        "native/addon/lease.c",
        "native/addon/look.c",
        "native/addon/message_key.c",
        "native/addon/netlink.c",
        "native/addon/outgoing.c",
        "native/addon/packet_socket.c",
        "native/addon/realtime.c",
        "native/addon/repetitions.c",
        "native/addon/requests.c",
        "native/addon/resource.c",
        "native/addon/service.c"
      ],
      "defines": ["NAPI_VERSION=8"]
    },
    {
      "target_name": "executor",
      "type": "executable",
      "sources": [
        "native/executor/main.c",
        "native/executor/child.c",
        "native/executor/clock.c",
        "native/executor/duty.c",
        "native/executor/frame.c",
        "native/executor/lease.c",
        "native/executor/process.c",
        "native/executor/queue.c",
        "native/executor/renewal.c",
        "native/executor/report.c",
        "native/executor/standby.c",
        "native/executor/will.c"
      ]
    }
  ]
}
