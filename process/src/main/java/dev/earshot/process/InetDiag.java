package dev.earshot.process;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongPredicate;

/**
 * The messages of {@code NETLINK_SOCK_DIAG} about TCP sockets (sock_diag(7), netlink(7)): numbers
 * are in the byte order of the machine, addresses and ports in that of the network.
 */
final class InetDiag {
  static final int FAMILY_IPV4 = 2;
  static final int FAMILY_IPV6 = 10;

  private static final int TCP = 6;
  private static final short BY_FAMILY = 20;
  private static final short ERROR = 2;
  private static final short DONE = 3;
  private static final short FLAG_REQUEST = 1;
  private static final short FLAG_DUMP = 0x300;
  private static final int HEADER = 16;
  private static final int REQUEST = 56;

  /** Of a socket, without the attributes that may follow. */
  private static final int SOCKET = 72;

  private static final int PORTS_AT = 4;
  private static final int LOCAL_AT = 8;
  private static final int REMOTE_AT = 24;
  private static final int UID_AT = 64;
  private static final int INODE_AT = 68;
  private static final int ADDRESS = 16;
  private static final int ANY_STATE = -1;
  private static final long UNSIGNED = 0xffff_ffffL;

  private InetDiag() {}

  /**
   * What an answer holds.
   *
   * @param sockets those it tells of
   * @param last nothing more will come
   * @param errno why the question was not answered; 0 if it was
   */
  record Answer(List<TcpSocket> sockets, boolean last, int errno) {}

  /** Asks for the socket with exactly these ends, which are of one family. */
  static byte[] exactly(InetSocketAddress local, InetSocketAddress remote) {
    boolean six = local.getAddress() instanceof Inet6Address;
    byte[] ends = new byte[2 * Short.BYTES + 2 * ADDRESS];
    ByteBuffer.wrap(ends)
        .putShort((short) local.getPort())
        .putShort((short) remote.getPort())
        .put(padded(local.getAddress()))
        .put(padded(remote.getAddress()));
    return request(six ? FAMILY_IPV6 : FAMILY_IPV4, FLAG_REQUEST, ANY_STATE, ends);
  }

  /**
   * Asks for all sockets of a family.
   *
   * @param states a bit for each state, by its number
   */
  static byte[] all(int family, int states) {
    byte[] anyEnds = new byte[2 * Short.BYTES + 2 * ADDRESS];
    return request(family, (short) (FLAG_REQUEST | FLAG_DUMP), states, anyEnds);
  }

  private static byte[] request(int family, short flags, int states, byte[] ends) {
    byte[] message = new byte[HEADER + REQUEST];
    ByteBuffer.wrap(message)
        .order(ByteOrder.nativeOrder())
        .putInt(message.length)
        .putShort(BY_FAMILY)
        .putShort(flags)
        .putInt(1)
        .putInt(0)
        .put((byte) family)
        .put((byte) TCP)
        .putShort((short) 0)
        .putInt(states)
        .put(ends)
        // Any interface, and no cookie, which is all ones.
        .putInt(0)
        .putInt(-1)
        .putInt(-1);
    return message;
  }

  private static byte[] padded(InetAddress address) {
    byte[] padded = new byte[ADDRESS];
    byte[] bytes = address.getAddress();
    System.arraycopy(bytes, 0, padded, 0, bytes.length);
    return padded;
  }

  /**
   * Reads what one receipt brought. Never throws: what is cut off or unknown is passed over.
   *
   * @param users whose sockets are wanted
   */
  static Answer read(byte[] bytes, int length, LongPredicate users) {
    ByteBuffer in = ByteBuffer.wrap(bytes, 0, length).order(ByteOrder.nativeOrder());
    List<TcpSocket> sockets = new ArrayList<>();
    int at = 0;
    while (length - at >= HEADER) {
      int size = in.getInt(at);
      if (size < HEADER || size > length - at) {
        break;
      }
      short type = in.getShort(at + 4);
      if (type == DONE || type == ERROR) {
        int code = size >= HEADER + Integer.BYTES ? in.getInt(at + HEADER) : 0;
        return new Answer(List.copyOf(sockets), true, Math.max(0, -code));
      }
      if (type == BY_FAMILY && size >= HEADER + SOCKET) {
        socket(in.slice(at + HEADER, SOCKET).order(ByteOrder.nativeOrder()), users)
            .ifPresent(sockets::add);
      }
      // Messages begin at multiples of four.
      at += size + (-size & 3);
    }
    return new Answer(List.copyOf(sockets), false, 0);
  }

  private static Optional<TcpSocket> socket(ByteBuffer in, LongPredicate users) {
    long uid = in.getInt(UID_AT) & UNSIGNED;
    int family = in.get(0);
    if (!users.test(uid) || (family != FAMILY_IPV4 && family != FAMILY_IPV6)) {
      return Optional.empty();
    }
    long inode = in.getInt(INODE_AT) & UNSIGNED;
    return TcpState.of(in.get(1))
        .map(state ->
            new TcpSocket(
                address(in, LOCAL_AT, PORTS_AT, family),
                address(in, REMOTE_AT, PORTS_AT + Short.BYTES, family),
                state,
                uid,
                inode));
  }

  private static InetSocketAddress address(ByteBuffer in, int at, int portAt, int family) {
    byte[] bytes = new byte[family == FAMILY_IPV4 ? 4 : ADDRESS];
    in.get(at, bytes);
    int port = Short.toUnsignedInt(in.duplicate().order(ByteOrder.BIG_ENDIAN).getShort(portAt));
    try {
      // An IPv4 address that is written as an IPv6 one becomes the IPv4 address here.
      return new InetSocketAddress(InetAddress.getByAddress(bytes), port);
    } catch (UnknownHostException impossible) {
      throw new IllegalStateException("an address has 4 or 16 bytes", impossible);
    }
  }
}
