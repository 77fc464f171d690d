package dev.earshot.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * An origin on the loopback that does what a script says, once for each connection. A script that
 * fails is remembered, and {@link #close} throws what it threw; one that fails because its peer
 * went away is not, unless it says so itself.
 */
public final class ScriptedOrigin implements AutoCloseable {
  /** What happens on one connection, which is closed when the script returns. */
  @FunctionalInterface
  public interface Script {
    /** Plays the script. */
    void play(Connection connection) throws Exception;
  }

  private final ServerSocket listener;
  private final @Nullable SSLContext tls;
  private final Consumer<SSLSocket> setUp;
  private final Script script;
  private final List<Thread> threads = new CopyOnWriteArrayList<>();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final List<Throwable> failures = new CopyOnWriteArrayList<>();
  private final AtomicInteger connections = new AtomicInteger();
  private volatile boolean closed;

  private ScriptedOrigin(
      ServerSocket listener, @Nullable SSLContext tls, Consumer<SSLSocket> setUp, Script script) {
    this.listener = listener;
    this.tls = tls;
    this.setUp = setUp;
    this.script = script;
  }

  /** Listens on 127.0.0.1 and plays the script on each connection. */
  public static ScriptedOrigin start(Script script) throws IOException {
    return start("127.0.0.1", null, script);
  }

  /** The same over TLS. */
  public static ScriptedOrigin startTls(SSLContext tls, Script script) throws IOException {
    return start("127.0.0.1", tls, script);
  }

  /** The same over TLS that is set up for each connection. */
  public static ScriptedOrigin startTls(SSLContext tls, Consumer<SSLSocket> setUp, Script script)
      throws IOException {
    return start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), tls, setUp, script);
  }

  /** Listens on an address of the loopback, over TLS if there is a context. */
  public static ScriptedOrigin start(String address, @Nullable SSLContext tls, Script script)
      throws IOException {
    return start(new InetSocketAddress(InetAddress.getByName(address), 0), tls, script);
  }

  /** The same at a port of its own. */
  public static ScriptedOrigin start(
      InetSocketAddress address, @Nullable SSLContext tls, Script script) throws IOException {
    return start(address, tls, socket -> {}, script);
  }

  private static ScriptedOrigin start(
      InetSocketAddress address, @Nullable SSLContext tls, Consumer<SSLSocket> setUp, Script script)
      throws IOException {
    var listener = new ServerSocket(address.getPort(), 256, address.getAddress());
    var origin = new ScriptedOrigin(listener, tls, setUp, script);
    origin.threads.add(Thread.ofVirtual().name("origin-accept").start(origin::accept));
    return origin;
  }

  /** A script that answers every request, in order, on connections that are kept open. */
  public static Script answering(String response) {
    return connection -> {
      while (connection.readHeadOrEnd()) {
        connection.send(response);
      }
    };
  }

  /** The port. */
  public int port() {
    return listener.getLocalPort();
  }

  /** Address and port. */
  public InetSocketAddress address() {
    return new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort());
  }

  /** How many connections were accepted. */
  public int connections() {
    return connections.get();
  }

  /** Stops listening, closes all connections and waits for the scripts to end. */
  @Override
  public void close() throws IOException {
    closed = true;
    listener.close();
    for (Socket socket : open) {
      socket.close();
    }
    try {
      for (Thread thread : threads) {
        // A script that holds at a gate nobody will open is told by its interruption.
        thread.interrupt();
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!failures.isEmpty()) {
      throw new AssertionError("the origin's script failed", failures.getFirst());
    }
  }

  private void accept() {
    while (!closed) {
      try {
        Socket socket = listener.accept();
        connections.incrementAndGet();
        open.add(socket);
        threads.add(Thread.ofVirtual().name("origin-script").start(() -> play(socket)));
      } catch (IOException e) {
        if (!closed) {
          failures.add(e);
        }
        return;
      }
    }
  }

  private void play(Socket socket) {
    try (socket) {
      script.play(new Connection(secured(socket)));
    } catch (IOException peerGone) {
      // Not the script's failure: many tests end a connection within it.
    } catch (Throwable failure) {
      if (!closed) {
        failures.add(failure);
      }
    } finally {
      open.remove(socket);
    }
  }

  private Socket secured(Socket socket) throws IOException {
    if (tls == null) {
      return socket;
    }
    var secured =
        (SSLSocket) tls.getSocketFactory().createSocket(socket, null, socket.getPort(), true);
    secured.setUseClientMode(false);
    setUp.accept(secured);
    return secured;
  }

  /** One connection, as a script sees it. Waiting is bounded only by the test. */
  public static final class Connection {
    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private String head = "";

    Connection(Socket socket) throws IOException {
      this.socket = socket;
      this.in = socket.getInputStream();
      this.out = socket.getOutputStream();
    }

    /** Reads up to the empty line and returns it all; each char is one byte. */
    public String readHead() throws IOException {
      if (!readHeadOrEnd()) {
        throw new EOFException("no request");
      }
      return head;
    }

    /** The same; false if the peer ended its output before the first byte. */
    public boolean readHeadOrEnd() throws IOException {
      var bytes = new ByteArrayOutputStream();
      while (!bytes.toString(ISO_8859_1).endsWith("\r\n\r\n")) {
        int b = in.read();
        if (b < 0) {
          if (bytes.size() == 0) {
            return false;
          }
          throw new EOFException("within a head: " + bytes.toString(ISO_8859_1));
        }
        bytes.write(b);
      }
      head = bytes.toString(ISO_8859_1);
      return true;
    }

    /** The head that was read last. */
    public String head() {
      return head;
    }

    /** Reads exactly this many bytes. */
    public String read(int count) throws IOException {
      byte[] bytes = in.readNBytes(count);
      if (bytes.length < count) {
        throw new EOFException("only " + bytes.length + " of " + count + " bytes");
      }
      return new String(bytes, ISO_8859_1);
    }

    /** Reads until the peer ends its output, and tells how many bytes came. */
    public long drain() throws IOException {
      return in.transferTo(OutputStream.nullOutputStream());
    }

    /** Sends text; each char is one byte. */
    public void send(String text) throws IOException {
      send(text.getBytes(ISO_8859_1));
    }

    /** Sends bytes. */
    public void send(byte[] bytes) throws IOException {
      out.write(bytes);
      out.flush();
    }

    /** Passes bytes on between the peer and a port of 127.0.0.1 until both have ended. */
    public void relay(int port) throws IOException, InterruptedException {
      try (var other = new Socket(InetAddress.getLoopbackAddress(), port)) {
        Thread down = Thread.ofVirtual().name("origin-relay").start(() -> pass(other, socket));
        pass(socket, other);
        down.join();
      }
    }

    private static void pass(Socket from, Socket to) {
      try {
        from.getInputStream().transferTo(to.getOutputStream());
        to.shutdownOutput();
      } catch (IOException eitherGone) {
        // The other direction notices by itself.
      }
    }

    /** Waits until the gate is opened. */
    public void hold(CountDownLatch gate) throws InterruptedException {
      gate.await();
    }

    /** Ends the output; the peer may still send. */
    public void endOutput() throws IOException {
      socket.shutdownOutput();
    }

    /** Closes with a reset. */
    public void reset() throws IOException {
      socket.setSoLinger(true, 0);
      socket.close();
    }
  }
}
