// Makes the kernel tell a process nothing more of its links, as when a notice is lost: the process's own
// sockets leave the group of link notices. Nothing else of it is touched; only its end undoes this.
import { run } from '../../scripts/lab/command.js';

/**
 * pidfd_open and pidfd_getfd by number, since neither Node nor the shell has them; then for every netlink
 * socket (SO_DOMAIN AF_NETLINK) NETLINK_DROP_MEMBERSHIP of RTNLGRP_LINK.
 */
const PROGRAM = `
use strict;
my $pid = shift;
my $process = syscall(434, $pid + 0, 0);
die "pidfd_open: $!\\n" if $process < 0;
my $left = 0;
for my $entry (glob "/proc/$pid/fd/*") {
    next unless (readlink($entry) // '') =~ /^socket:/;
    my ($number) = $entry =~ /(\\d+)$/;
    my $copy = syscall(438, $process, $number + 0, 0);
    next if $copy < 0;
    open(my $socket, '+<&=', $copy) or next;
    next unless unpack('i', getsockopt($socket, 1, 39)) == 16;
    $left += 1 if setsockopt($socket, 270, 2, pack('i', 1));
}
die "expected a netlink socket in process $pid, found none\\n" if $left == 0;
`;

/** @throws Error when there is no perl, or the process watches no links. */
export async function loseLinkNotices(pid: number): Promise<void> {
  await run(['perl', '-e', PROGRAM, String(pid)]);
}
