package dev.earshot.session;

import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/**
 * The tables {@code /proc/net/tcp} and {@code tcp6}, which the kernel prints for each look. They
 * are read twice if a row is missing, as a table that changes meanwhile may skip one.
 */
final class ProcSocketTable implements SocketTable {
  private static final int LOOKS = 2;
  private static final List<String> TABLES = List.of("net/tcp", "net/tcp6");

  private final ProcFiles proc;

  ProcSocketTable(ProcFiles proc) {
    this.proc = proc;
  }

  @Override
  public Told of(InetSocketAddress local, InetSocketAddress remote) {
    boolean tables = false;
    for (int look = 0; look < LOOKS; look++) {
      for (String name : TABLES) {
        Optional<String> table = proc.text(name);
        tables |= table.isPresent();
        Optional<TcpTable.Row> row =
            table.flatMap(text -> TcpTable.find(text, local, remote, ByteOrder.nativeOrder()));
        if (row.isPresent()) {
          return new Told.There(row.get().uid(), row.get().inode());
        }
      }
    }
    return tables ? new Told.Missing() : new Told.Untold();
  }

  /** The inode of the socket that listens at exactly this address. Never throws. */
  Optional<Long> listener(InetSocketAddress address) {
    for (String name : TABLES) {
      Optional<TcpTable.Row> row =
          proc.text(name)
              .flatMap(text -> TcpTable.listener(text, address, ByteOrder.nativeOrder()));
      if (row.isPresent()) {
        return Optional.of(row.get().inode());
      }
    }
    return Optional.empty();
  }
}
