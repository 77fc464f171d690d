package dev.earshot.testkit;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.Optional;

/**
 * Lends a proxy to a program that knows none: runs the program, which connects to a port of ours,
 * and makes of each connection a CONNECT to the proxy of the environment. Without a proxy it
 * connects by itself, so that the program does the same both ways.
 *
 * <p>Target and proxy are on the loopback. Arguments: the target as {@code host:port}, then the
 * program and its arguments, in which {@code %} stands for the port. Exits as the program does.
 */
public final class ConnectForwarder {
  private static final int END_OF_HEAD = ('\r' << 24) | ('\n' << 16) | ('\r' << 8) | '\n';

  private final ServerSocket listener;
  private final String target;
  private final Optional<URI> proxy;

  private ConnectForwarder(ServerSocket listener, String target, Optional<URI> proxy) {
    this.listener = listener;
    this.target = target;
    this.proxy = proxy;
  }

  /** Runs the program. */
  public static void main(String[] arguments) throws Exception {
    List<String> words = List.of(arguments);
    Optional<URI> proxy = Optional.ofNullable(System.getenv("https_proxy")).map(URI::create);
    try (var listener = new ServerSocket(0, 256, InetAddress.getLoopbackAddress())) {
      var forwarder = new ConnectForwarder(listener, words.getFirst(), proxy);
      Thread.ofPlatform().daemon().name("forwarder-accept").start(forwarder::accept);
      String port = String.valueOf(listener.getLocalPort());
      List<String> command =
          words.subList(1, words.size()).stream().map(word -> word.replace("%", port)).toList();
      System.exit(new ProcessBuilder(command).inheritIO().start().waitFor());
    }
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        Thread.ofPlatform().daemon().name("forwarder-up").start(() -> forward(client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void forward(Socket client) {
    try (client;
        Socket server = connect()) {
      Thread down =
          Thread.ofPlatform().daemon().name("forwarder-down").start(() -> pass(server, client));
      pass(client, server);
      down.join();
    } catch (IOException e) {
      System.err.println("forwarder: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Socket connect() throws IOException {
    if (proxy.isEmpty()) {
      return dial(Integer.parseInt(target.substring(target.lastIndexOf(':') + 1)));
    }
    var socket = dial(proxy.get().getPort());
    try {
      String head = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n";
      socket.getOutputStream().write(head.getBytes(US_ASCII));
      String answer = head(socket.getInputStream());
      if (!answer.startsWith("HTTP/1.1 200 ")) {
        throw new IOException("the proxy says " + answer.lines().findFirst().orElseThrow());
      }
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private static Socket dial(int port) throws IOException {
    return new Socket(InetAddress.getLoopbackAddress(), port);
  }

  private static String head(InputStream in) throws IOException {
    var head = new StringBuilder();
    int last = 0;
    while (last != END_OF_HEAD) {
      int next = in.read();
      if (next < 0) {
        throw new EOFException("the proxy closed the connection");
      }
      head.append((char) next);
      last = (last << 8) | next;
    }
    return head.toString();
  }

  private static void pass(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException gone) {
      // One of the two has closed the connection; that ends the other's too.
      try {
        from.close();
        to.close();
      } catch (IOException e) {
        System.err.println("forwarder: " + e.getMessage());
      }
    }
  }
}
