package dev.earshot.session;

import java.net.InetSocketAddress;

/** Where the operating system tells of TCP sockets. Safe for use by several threads. */
interface SocketTable {
  /** What it tells of one. */
  sealed interface Told {
    /** It is there; an inode of 0 says that nobody has it open any more. */
    record There(long uid, long inode) implements Told {}

    /** There is none. */
    record Missing() implements Told {}

    /** This system does not tell. */
    record Untold() implements Told {}
  }

  /** Tells of the socket with exactly these ends. Never throws. */
  Told of(InetSocketAddress local, InetSocketAddress remote);
}
