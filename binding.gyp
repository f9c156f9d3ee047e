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
        "native/addon.c",
        "native/datagram_socket.c",
        "native/deadline_timer.c",
        "native/lease.c",
        "native/netlink.c",
        "native/packet_socket.c",
        "native/realtime.c",
        "native/service.c"
      ],
      "defines": ["NAPI_VERSION=8"]
    },
    {
      "target_name": "executor",
      "type": "executable",
      "sources": [
        "native/executor.c",
        "native/executor_child.c",
        "native/executor_duty.c",
        "native/executor_frame.c",
        "native/executor_lease.c",
        "native/executor_process.c",
        "native/executor_queue.c",
        "native/executor_renewal.c",
        "native/executor_standby.c",
        "native/executor_will.c"
      ]
    }
  ]
}
