package dev.earshot.process;

import java.net.InetSocketAddress;

/**
 * One end of a TCP connection, or a listener, as the kernel tells of it. IPv4 is told as IPv4, also
 * if the program made an IPv6 socket for it.
 *
 * @param local this end
 * @param remote the other end; port 0 for a listener
 * @param state where it is in its life
 * @param uid the user whose it is; says nothing if the inode is 0
 * @param inode the number in the links of {@code /proc/PID/fd}; 0 if nobody has it open
 */
public record TcpSocket(
    InetSocketAddress local, InetSocketAddress remote, TcpState state, long uid, long inode) {}
