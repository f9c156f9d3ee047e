// The words of keepalived.conf that have no counterpart among the settings of understudy, each with the reason that
// the account gives. Those that have one are in conversion.ts and its neighbours. Values only.

/** By keyword. */
export type Reasons = Readonly<Record<string, string>>;

const reasons = (reason: string, words: string): Reasons =>
  Object.fromEntries(words.split(/\s+/).map((word) => [word, reason] as const));

const MAIL = 'understudy sends no mail: hooks.transition is told of every transition';
const ANNOUNCING =
  'understudy announces the addresses itself: at once, again, and after another Active was heard';
const BALANCING =
  'understudy balances no load: keep keepalived or ipvsadm for it, without its vrrp_instance';
const PROCESS = 'about the processes of keepalived: see realtime in the settings';
const SNMP = 'understudy speaks neither SNMP nor D-Bus: see understudy status --json';
const FIREWALL = 'understudy writes no firewall rules';
const FIFO =
  'there is no FIFO: hooks.transition is told of every transition, and understudy events --follow of all';
const HOST = "part of the host's own network: write it into the host's network configuration";
const AUTHENTICATION =
  'VRRPv3 has no authentication (RFC 9568 §9); the HA port of peers has a key: understudy keygen';
const MOVES =
  'understudy moves addresses only: have hooks.transition set it, or set it on both hosts for good';

const GLOBAL_WORDS: Reasons = {
  ...reasons(
    MAIL,
    'notification_email notification_email_from smtp_server smtp_helo_name smtp_connect_timeout ' +
      'smtp_alert smtp_alert_vrrp smtp_alert_checker no_email_faults no_checker_emails',
  ),
  ...reasons(
    ANNOUNCING,
    'vrrp_garp_master_delay vrrp_garp_master_repeat vrrp_garp_lower_prio_delay ' +
      'vrrp_garp_lower_prio_repeat vrrp_garp_master_refresh vrrp_garp_master_refresh_repeat ' +
      'vrrp_garp_interval vrrp_gna_interval vrrp_min_garp vrrp_garp_extra_if ' +
      'vrrp_higher_prio_send_advert vrrp_lower_prio_no_advert vrrp_lower_priority_dont_send_advert',
  ),
  ...reasons(
    PROCESS,
    'process_names process_name vrrp_process_name checker_process_name bfd_process_name instance ' +
      'use_pid_dir child_wait_time vrrp_priority vrrp_rt_priority vrrp_rlimit_rttime ' +
      'vrrp_rlimit_rtime vrrp_no_swap vrrp_cpu_affinity max_auto_priority min_auto_priority_delay ' +
      'process_monitor_rcv_bufs process_monitor_rcv_bufs_force vrrp_netlink_cmd_rcv_bufs ' +
      'vrrp_netlink_cmd_rcv_bufs_force vrrp_netlink_monitor_rcv_bufs ' +
      'vrrp_netlink_monitor_rcv_bufs_force vrrp_rx_bufs_policy vrrp_rx_bufs_multiplier ' +
      'tmp_config_directory config_save_dir data_use_instance umask random_seed reload_check_config ' +
      'reload_file reload_repeat reload_time_file reload_date_specific_file state_dump_file ' +
      'stats_dump_file json_version include_check shutdown_script_timeout startup_script_timeout',
  ),
  ...reasons(
    BALANCING,
    'lvs_sync_daemon lvs_timeouts lvs_flush lvs_flush_on_stop lvs_flush_onstop lvs_notify_fifo ' +
      'lvs_notify_fifo_script lvs_netlink_cmd_rcv_bufs lvs_netlink_cmd_rcv_bufs_force ' +
      'lvs_netlink_monitor_rcv_bufs lvs_netlink_monitor_rcv_bufs_force checker_priority ' +
      'checker_rt_priority checker_rlimit_rttime checker_rlimit_rtime checker_no_swap ' +
      'checker_cpu_affinity checker_log_all_failures rs_init_notifies net_namespace_ipvs',
  ),
  ...reasons(
    'understudy speaks no BFD',
    'bfd_priority bfd_rt_priority bfd_rlimit_rttime bfd_rlimit_rtime bfd_no_swap bfd_cpu_affinity',
  ),
  ...reasons(
    SNMP,
    'enable_snmp_vrrp enable_snmp_keepalived enable_snmp_checker enable_snmp_rfc enable_snmp_rfcv2 ' +
      'enable_snmp_rfcv3 enable_traps snmp_socket enable_dbus dbus_service_name dbus_no_interface_name',
  ),
  ...reasons(
    FIREWALL,
    'vrrp_iptables vrrp_ipsets iptables nftables nftables_counters nftables_ifindex nftables_ipvs ' +
      'nftables_ipvs_priority nftables_ipvs_start_fwmark nftables_priority namespace_with_ipsets',
  ),
  ...reasons(
    FIFO,
    'notify_fifo notify_fifo_script vrrp_notify_fifo vrrp_notify_fifo_script ' +
      'vrrp_notify_priority_changes fifo_write_vrrp_states_on_reload',
  ),
  ...reasons(
    'programs run with the rights of the agent; hooks/privileged has root run a hook',
    'script_user enable_script_security',
  ),
  ...reasons(
    'a unit of systemd does it better: ExecStartPre= and ExecStopPost=',
    'startup_script shutdown_script',
  ),
  ...reasons(
    'understudy checks every packet as RFC 9568 §7.1 says',
    'vrrp_check_unicast_src vrrp_skip_check_adv_addr log_unknown_vrids',
  ),
  ...reasons(
    'understudy always waits three intervals and the skew time (RFC 9568 §6.1): set advertisementIntervalMs',
    'vrrp_down_timer_adverts',
  ),
  ...reasons(
    'understudy speaks to the group of RFC 9568 §5.1.1.2 and §5.1.2.2',
    'vrrp_mcast_group4 vrrp_mcast_group6',
  ),
  ...reasons('understudy waits for an interface that is not there yet', 'dynamic_interfaces'),
  ...reasons('no address is taken before the others were listened to', 'vrrp_startup_delay'),
  ...reasons('run the agent in it: ip netns exec NAME understudy run', 'net_namespace'),
  ...reasons('understudy looks at the carrier', 'linkbeat_use_polling linkbeat_interfaces'),
  ...reasons('see virtualMac in docs/SETTINGS.md', 'vmac_prefix vmac_addr_prefix'),
  router_id:
    'only shown by keepalived; the name of an appliance is its host name, or name:, and peers differ in it',
};

/** Inside `global_defs`; newer releases allow some of them at the top. */
export const GLOBAL_REASONS: Reasons = GLOBAL_WORDS;

/** Blocks and statements at the top. */
export const TOP_REASONS: Reasons = {
  ...GLOBAL_WORDS,
  ...reasons(BALANCING, 'virtual_server virtual_server_group SSL'),
  ...reasons(HOST, 'static_ipaddress static_routes static_rules'),
  ...reasons('static addresses and routes are the own of the host', 'track_group'),
  ...reasons(ANNOUNCING, 'garp_group'),
  ...reasons('understudy speaks no BFD', 'bfd_instance'),
  ...reasons('write a check of type script that reads the file', 'track_file vrrp_track_file'),
  ...reasons(
    'write a check of type script, such as [/usr/bin/pgrep, -x, NAME]',
    'vrrp_track_process track_process',
  ),
  ...reasons(
    'understudy follows the kernel; a check has thresholds of its own',
    'interface_up_down_delays',
  ),
};

const EVERY_INSTANCE: Reasons = {
  ...reasons(MAIL, 'smtp_alert'),
  ...reasons(FIFO, 'notify_priority_changes'),
  ...reasons('write a check of type script that reads the file', 'track_file'),
  ...reasons('write a check of type script, such as [/usr/bin/pgrep, -x, NAME]', 'track_process'),
  ...reasons('understudy speaks no BFD', 'track_bfd'),
};

/** Inside `vrrp_instance`. */
export const INSTANCE_REASONS: Reasons = {
  ...EVERY_INSTANCE,
  ...reasons(AUTHENTICATION, 'authentication auth_type auth_pass'),
  ...reasons(
    ANNOUNCING,
    'garp_master_delay garp_master_repeat garp_lower_prio_delay garp_lower_prio_repeat ' +
      'garp_master_refresh garp_master_refresh_repeat garp_interval gna_interval garp_extra_if ' +
      'lower_prio_no_advert higher_prio_send_advert',
  ),
  ...reasons(MOVES, 'virtual_routes virtual_rules'),
  ...reasons(BALANCING, 'lvs_sync_daemon_interface'),
  ...reasons(
    'understudy sends from the own address of the interface, the lowest of several',
    'mcast_src_ip unicast_src_ip track_src_ip',
  ),
  ...reasons('understudy speaks to the group of RFC 9568 §5.1.1.2 and §5.1.2.2', 'mcast_dst_ip'),
  ...reasons(
    'understudy checks every packet as RFC 9568 §7.1 says',
    'check_unicast_src skip_check_adv_addr strict_mode unicast_ttl unicast_fault_no_peer',
  ),
  ...reasons(
    'understudy always waits three intervals and the skew time (RFC 9568 §6.1): set advertisementIntervalMs',
    'down_timer_adverts',
  ),
  ...reasons(
    'an interface that is down cannot carry the addresses: it is always a fault',
    'dont_track_primary',
  ),
  ...reasons(
    'understudy puts back what the kernel takes away with a first address',
    'promote_secondaries',
  ),
  ...reasons('understudy looks at the carrier', 'linkbeat_use_polling'),
  ...reasons('the log has a level of its own', 'debug'),
  ...reasons('understudy sizes its sockets itself', 'kernel_rx_buf_size'),
  ...reasons('name the interface itself', 'vrf'),
  ...reasons('the addresses stand on the interface itself', 'use_ipvlan use_vmac_addr'),
  ...reasons('advertisements always leave by the interface itself', 'vmac_xmit_base'),
  ...reasons('an event dual-active tells of it: understudy events', 'notify_master_rx_lower_pri'),
};

/** Inside `vrrp_sync_group`. */
export const GROUP_REASONS: Reasons = EVERY_INSTANCE;

/** Inside `vrrp_script`. */
export const SCRIPT_REASONS: Reasons = reasons(
  'a check runs with the rights of the agent: give its user the right, or use sudo in the script',
  'user',
);

/** Behind an address of `virtual_ipaddress`: how many words each takes, and why it is left out. */
export const ADDRESS_OPTIONS: Readonly<
  Record<string, { readonly takes: number; readonly reason: string }>
> = {
  brd: { takes: 1, reason: 'the kernel needs no broadcast address on a virtual one' },
  broadcast: { takes: 1, reason: 'the kernel needs no broadcast address on a virtual one' },
  scope: { takes: 1, reason: 'a virtual address has scope global' },
  label: { takes: 1, reason: 'virtual addresses have no label' },
  peer: { takes: 1, reason: 'a virtual address has no peer address' },
  preferred_lft: {
    takes: 1,
    reason: 'understudy sets the lifetimes; an IPv6 virtual address is no source address',
  },
  home: { takes: 0, reason: 'a flag of mobile IPv6' },
  '-nodad': {
    takes: 0,
    reason: 'understudy adds IPv6 addresses without duplicate detection anyway',
  },
  nodad: { takes: 0, reason: 'understudy adds IPv6 addresses without duplicate detection anyway' },
  mngtmpaddr: { takes: 0, reason: 'a flag of temporary addresses' },
  noprefixroute: {
    takes: 0,
    reason: 'the prefix of the address makes the route: write it as the interface has it',
  },
  autojoin: { takes: 0, reason: 'a flag of multicast addresses' },
  no_track: { takes: 0, reason: 'understudy puts an address back that somebody removes' },
  track_group: { takes: 1, reason: 'only static addresses have groups' },
  use_vmac: { takes: 0, reason: 'see virtualMac in docs/SETTINGS.md' },
};
