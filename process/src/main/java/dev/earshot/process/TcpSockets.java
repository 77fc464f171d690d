package dev.earshot.process;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongPredicate;

/**
 * The TCP sockets of the network that this process is in, of all users, as the kernel tells of them
 * (sock_diag(7)). One is found by its ends in some microseconds, however many there are, while
 * {@code /proc/net/tcp} has to be printed for each look. Never blocks; any thread may ask.
 */
public final class TcpSockets {
  private static final int ONE_ANSWER = 4 << 10;

  /** The kernel fills no more than this at a time (netlink(7)). */
  private static final int PART_OF_ALL = 32 << 10;

  /** More than a machine has ports for on one address. */
  private static final int MOST = 100_000;

  private TcpSockets() {}

  /**
   * The socket with exactly these ends; empty if the kernel knows none, or none of TCP.
   *
   * @throws IOException if the kernel does not let this process ask
   */
  public static Optional<TcpSocket> find(InetSocketAddress local, InetSocketAddress remote)
      throws IOException {
    if (local.getAddress().getClass() != remote.getAddress().getClass()) {
      return Optional.empty();
    }
    try {
      // The kernel answers with a listener on that port, too, if there is no connection.
      return ask(InetDiag.exactly(local, remote), ONE_ANSWER, 1, _ -> true).stream()
          .filter(it -> it.local().equals(local) && it.remote().equals(remote))
          .findFirst();
    } catch (ErrnoException e) {
      if (e.errno() == Errno.ENOENT) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /**
   * The sockets of a user in some states, IPv4 and IPv6: a look that takes a while, so that one may
   * be missing that came or changed meanwhile. At most 100,000.
   *
   * @throws IOException if the kernel does not let this process ask
   */
  public static List<TcpSocket> of(long uid, Set<TcpState> states) throws IOException {
    int bits = TcpState.bits(states);
    LongPredicate users = user -> user == uid;
    List<TcpSocket> all =
        new ArrayList<>(ask(InetDiag.all(InetDiag.FAMILY_IPV4, bits), PART_OF_ALL, MOST, users));
    all.addAll(
        ask(InetDiag.all(InetDiag.FAMILY_IPV6, bits), PART_OF_ALL, MOST - all.size(), users));
    return all;
  }

  /** A socket for each question: there is none to be kept, shared or closed at the end. */
  private static List<TcpSocket> ask(byte[] question, int part, int most, LongPredicate users)
      throws IOException {
    int socket =
        Libc.socket(
            Platform.NETLINK,
            Platform.SOCKET_RAW | Platform.OPEN_CLOEXEC,
            Platform.NETLINK_SOCK_DIAG);
    if (socket < 0) {
      throw new ErrnoException("cannot ask for TCP sockets", -socket);
    }
    try {
      int sent = Libc.send(socket, question);
      if (sent < 0) {
        throw new ErrnoException("cannot ask for TCP sockets", -sent);
      }
      return receive(socket, new byte[part], most, users);
    } finally {
      Libc.close(socket);
    }
  }

  private static List<TcpSocket> receive(int socket, byte[] buffer, int most, LongPredicate users)
      throws IOException {
    List<TcpSocket> all = new ArrayList<>();
    while (all.size() < most) {
      int length = Libc.receiveNow(socket, buffer);
      // The kernel answers before the question returns: what is not there will not come.
      if (length <= 0) {
        throw new ErrnoException("cannot read of TCP sockets", length == 0 ? Errno.EIO : -length);
      }
      var answer = InetDiag.read(buffer, length, users);
      if (answer.errno() != 0) {
        throw new ErrnoException("cannot ask for TCP sockets", answer.errno());
      }
      all.addAll(answer.sockets());
      if (answer.last()) {
        break;
      }
    }
    return all.size() <= most ? all : all.subList(0, most);
  }
}
