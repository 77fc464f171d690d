package dev.earshot.session;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The tables {@code /proc/net/tcp} and {@code tcp6}: a line for each socket, with both its
 * addresses in hexadecimal, its user and its inode (proc(5)). Addresses are words of 32 bits in the
 * byte order of the machine; ports are plain.
 */
final class TcpTable {
  /** Fields of a line behind the two addresses: state, queues, timer, retransmits, user, … */
  private static final int USER = 4;

  private static final int INODE = 6;

  private static final String MAPPED = "00000000000000000000FFFF";

  private TcpTable() {}

  /**
   * One end of a connection.
   *
   * @param uid the user who opened it; 0 for one that nobody has open any more
   * @param inode the number in the links of {@code /proc/PID/fd}; 0 if nobody has it open
   */
  record Row(long uid, long inode) {}

  /**
   * The row of the socket with these ends, in either table: an IPv4 connection is in {@code tcp6}
   * if the program made an IPv6 socket. Never throws; a line that is none is passed over.
   */
  static Optional<Row> find(
      String table, InetSocketAddress local, InetSocketAddress remote, ByteOrder order) {
    Optional<Row> row = find(table, ends(local, remote, order, false));
    boolean mappable = local.getAddress() instanceof Inet4Address;
    return row.isEmpty() && mappable ? find(table, ends(local, remote, order, true)) : row;
  }

  /** The row of the socket that listens at exactly this address, as {@link #find} does. */
  static Optional<Row> listener(String table, InetSocketAddress local, ByteOrder order) {
    Optional<Row> row = find(table, listening(local, order, false));
    boolean mappable = local.getAddress() instanceof Inet4Address;
    return row.isEmpty() && mappable ? find(table, listening(local, order, true)) : row;
  }

  /** The other end of one that listens is all zeros. */
  private static String listening(InetSocketAddress local, ByteOrder order, boolean mapped) {
    String end = end(local, order, mapped);
    return " " + end + " " + "0".repeat(end.indexOf(':')) + ":0000 ";
  }

  private static Optional<Row> find(String table, String ends) {
    int at = table.indexOf(ends);
    while (at >= 0) {
      int end = table.indexOf('\n', at);
      String rest = table.substring(at + ends.length(), end < 0 ? table.length() : end).strip();
      Optional<Row> row = row(rest.split(" +", INODE + 2));
      if (row.isPresent()) {
        return row;
      }
      at = table.indexOf(ends, at + 1);
    }
    return Optional.empty();
  }

  private static Optional<Row> row(String[] fields) {
    if (fields.length <= INODE) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Row(Long.parseUnsignedLong(fields[USER]), Long.parseUnsignedLong(fields[INODE])));
    } catch (NumberFormatException garbage) {
      return Optional.empty();
    }
  }

  private static String ends(
      InetSocketAddress local, InetSocketAddress remote, ByteOrder order, boolean mapped) {
    return " " + end(local, order, mapped) + " " + end(remote, order, mapped) + " ";
  }

  private static String end(InetSocketAddress address, ByteOrder order, boolean mapped) {
    HexFormat hex = HexFormat.of().withUpperCase();
    byte[] bytes = bytes(address.getAddress(), mapped);
    var text = new StringBuilder();
    for (int word = 0; word < bytes.length; word += 4) {
      for (int i = 0; i < 4; i++) {
        text.append(hex.toHexDigits(bytes[word + (order == ByteOrder.BIG_ENDIAN ? i : 3 - i)]));
      }
    }
    return text.append(':').append(hex.toHexDigits((short) address.getPort())).toString();
  }

  private static byte[] bytes(InetAddress address, boolean mapped) {
    byte[] plain = address.getAddress();
    if (!mapped) {
      return plain;
    }
    byte[] bytes = HexFormat.of().parseHex(MAPPED + "00000000");
    System.arraycopy(plain, 0, bytes, bytes.length - plain.length, plain.length);
    return bytes;
  }
}
