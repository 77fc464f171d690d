package dev.earshot.session;

import dev.earshot.process.TcpSocket;
import dev.earshot.process.TcpSockets;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * The kernel, asked for the one socket alone. Where it may not be asked, as within some sandboxes,
 * or knows of none, which may mean that it cannot be asked for those of TCP, another table has the
 * last word.
 */
final class KernelSocketTable implements SocketTable {
  private final SocketTable otherwise;

  KernelSocketTable(SocketTable otherwise) {
    this.otherwise = otherwise;
  }

  @Override
  public Told of(InetSocketAddress local, InetSocketAddress remote) {
    try {
      Optional<TcpSocket> found = TcpSockets.find(local, remote);
      if (found.isPresent()) {
        return new Told.There(found.get().uid(), found.get().inode());
      }
    } catch (IOException | UnsupportedOperationException refused) {
      // The other table is there for that.
    }
    return otherwise.of(local, remote);
  }
}
