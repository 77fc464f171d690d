package dev.earshot.proxy;

import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A listener that no connection to is answered any more: its queue is full and nobody accepts
 * (Linux drops a SYN then, as an address without a machine does).
 */
record SilentListener(ServerSocket listener, List<SocketChannel> queued) implements AutoCloseable {
  /** More than fit into a queue of one. */
  private static final int ENOUGH = 8;

  static SilentListener start() throws IOException {
    return start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  static SilentListener start(InetSocketAddress at) throws IOException {
    var listener = new ServerSocket(at.getPort(), 1, at.getAddress());
    var queued = new ArrayList<SocketChannel>();
    var address = new InetSocketAddress(at.getAddress(), listener.getLocalPort());
    for (int i = 0; i < ENOUGH; i++) {
      var channel = SocketChannel.open();
      channel.configureBlocking(false);
      channel.connect(address);
      queued.add(channel);
    }
    return new SilentListener(listener, queued);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** Waits until so many connections to it are being made. */
  void awaitDials(long count) {
    Eventually.until(count + " dials under way", () -> dials() == count);
  }

  /** Those in the state SYN_SENT, which is 02 in the kernel's tables. */
  long dials() throws IOException {
    String wanted = ":%04X 02 ".formatted(port());
    return Stream.concat(
            Files.readAllLines(Path.of("/proc/net/tcp")).stream(),
            Files.readAllLines(Path.of("/proc/net/tcp6")).stream())
        .filter(line -> line.contains(wanted))
        .count();
  }

  @Override
  public void close() throws IOException {
    for (SocketChannel channel : queued) {
      channel.close();
    }
    listener.close();
  }
}
