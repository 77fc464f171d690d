package dev.earshot.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.proxy.ClientAnswer;
import dev.earshot.proxy.Interception;
import dev.earshot.proxy.ProxyController;
import dev.earshot.proxy.ProxyLimits;
import dev.earshot.proxy.ProxyPlan;
import dev.earshot.proxy.ProxyStartException;
import dev.earshot.proxy.ProxyTimeouts;
import dev.earshot.proxy.UpstreamProxies;
import dev.earshot.proxy.tls.CertificateAuthority;
import dev.earshot.proxy.tls.InterceptTls;
import dev.earshot.proxy.tls.UpstreamTls;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Question: how long after an origin has sent a message does the client have it, with the proxy
 * between them and the message told as an event? Goal: a median of 5 ms for a server-sent event, a
 * frame of a WebSocket and a message of gRPC, under load too. If not, something waits for more.
 *
 * <p>Each message holds the time it was sent at; a client on the same machine reads the same clock.
 * The load is clients in the same process that ask for small responses as fast as they get them.
 */
public final class MessageLatency {
  private static final int MESSAGES = 1_000;
  private static final int WARM_UP = 300;
  private static final long BETWEEN_NANOS = 1_000_000;
  private static final int LOAD = 8;
  private static final int STAMP_DIGITS = 16;

  private enum Kind {
    SSE(
        head(
            """
            GET /s HTTP/1.1
            Host: o
            """)),
    WEB_SOCKET(
        head(
            """
            GET /w HTTP/1.1
            Host: o
            Connection: Upgrade
            Upgrade: websocket
            Sec-WebSocket-Version: 13
            Sec-WebSocket-Key: MDEyMzQ1Njc4OTAxMjM0NQ==
            """)),
    GRPC(
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            + frame(4, 0, 0, "")
            + frame(8, 0, 0, "?\0\0\0")
            + frame(
                1,
                4,
                1,
                field(":method", "POST")
                    + field(":scheme", "http")
                    + field(":authority", "o")
                    + field(":path", "/g")
                    + field("content-type", "application/grpc"))
            + frame(8, 0, 1, "?\0\0\0"));

    private final String request;

    Kind(String request) {
      this.request = request;
    }

    /** What the origin says before its first message. */
    String begin(int stream) {
      return switch (this) {
        case SSE ->
            head(
                """
                HTTP/1.1 200 OK
                Content-Type: text/event-stream
                Transfer-Encoding: chunked
                """);
        case WEB_SOCKET ->
            head(
                """
                HTTP/1.1 101 Switching Protocols
                Connection: Upgrade
                Upgrade: websocket
                """);
        case GRPC ->
            frame(4, 0, 0, "")
                + frame(
                    1,
                    4,
                    stream,
                    field(":status", "200") + field("content-type", "application/grpc"));
      };
    }

    String message(int stream, String stamp) {
      return switch (this) {
        case SSE -> {
          String event = "data: " + stamp + "\n\n";
          yield Integer.toHexString(event.length()) + "\r\n" + event + "\r\n";
        }
        case WEB_SOCKET -> "\u0081" + (char) stamp.length() + stamp;
        case GRPC -> frame(0, 0, stream, "\0\0\0\0" + (char) stamp.length() + stamp);
      };
    }
  }

  private MessageLatency() {}

  /** Runs all, and prints a table of milliseconds. */
  public static void main(String[] arguments)
      throws IOException, InterruptedException, ProxyStartException {
    System.out.println("milliseconds from sent to received, " + MESSAGES + " messages each");
    System.out.printf("%-34s %9s %9s %9s %9s%n", "", "min", "median", "p90", "max");
    var events = new AtomicLong();
    try (var tls =
            new InterceptTls(
                CertificateAuthority.inMemory(InstantSource.system()), InstantSource.system());
        var upstream = new UpstreamTls(List::of, host -> false);
        var proxy = ProxyController.start(plan(tls, upstream), event -> events.incrementAndGet())) {
      for (Kind kind : Kind.values()) {
        row(kind, "direct", measure(kind, null));
        row(kind, "through", measure(kind, proxy.address()));
      }
      try (var load = new Load(proxy.address())) {
        for (Kind kind : Kind.values()) {
          row(kind, "through, under load", measure(kind, proxy.address()));
        }
        System.out.println("calls of the load: " + load.calls());
      }
    }
    System.out.println("events told: " + events.get());
  }

  private static void row(Kind kind, String how, Samples samples) {
    System.out.printf("%-34s %s%n", kind + " " + how, samples.millis());
  }

  private static ProxyPlan plan(InterceptTls tls, UpstreamTls upstream) {
    return new ProxyPlan(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        new Interception.On(tls),
        List.of(),
        upstream,
        UpstreamProxies.NONE,
        ProxyLimits.DEFAULT,
        ProxyTimeouts.DEFAULT,
        (client, listener) -> new ClientAnswer.Allowed(ClientProcess.UNKNOWN),
        Optional.empty(),
        List.of());
  }

  private static Samples measure(Kind kind, @Nullable InetSocketAddress proxy)
      throws IOException, InterruptedException {
    try (var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread origin = Thread.ofPlatform().start(() -> send(listener, kind, proxy == null ? 1 : 3));
      int port = listener.getLocalPort();
      try (var client =
          proxy == null
              ? new Socket(InetAddress.getLoopbackAddress(), port)
              : tunnel(proxy, "127.0.0.1:" + port)) {
        client.setTcpNoDelay(true);
        client.getOutputStream().write(kind.request.getBytes(ISO_8859_1));
        return receive(client.getInputStream());
      } finally {
        origin.join();
      }
    }
  }

  private static Socket tunnel(InetSocketAddress proxy, String authority) throws IOException {
    var socket = new Socket(proxy.getAddress(), proxy.getPort());
    socket
        .getOutputStream()
        .write(
            "CONNECT %1$s HTTP/1.1\r\nHost: %1$s\r\n\r\n"
                .formatted(authority)
                .getBytes(ISO_8859_1));
    readHead(socket.getInputStream());
    return socket;
  }

  private static void readHead(InputStream in) throws IOException {
    int ends = 0;
    while (ends < 4) {
      int b = in.read();
      if (b < 0) {
        throw new EOFException("within a head");
      }
      ends = b == (ends % 2 == 0 ? '\r' : '\n') ? ends + 1 : 0;
    }
  }

  private static void send(ServerSocket listener, Kind kind, int stream) {
    try (Socket client = listener.accept()) {
      client.setTcpNoDelay(true);
      OutputStream out = client.getOutputStream();
      byte[] first = client.getInputStream().readNBytes(24);
      if (first.length == 24) {
        out.write(kind.begin(stream).getBytes(ISO_8859_1));
      }
      while (true) {
        String stamp = "T=%016x;".formatted(System.nanoTime());
        out.write(kind.message(stream, stamp).getBytes(ISO_8859_1));
        LockSupport.parkNanos(BETWEEN_NANOS);
      }
    } catch (SocketException clientHasEnough) {
      // The end of the measurement.
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Samples receive(InputStream in) throws IOException {
    var samples = new Samples();
    var buffer = new byte[64 << 10];
    var text = new StringBuilder();
    int seen = 0;
    while (seen < WARM_UP + MESSAGES) {
      int count = in.read(buffer);
      if (count < 0) {
        throw new EOFException("after " + seen + " messages");
      }
      long now = System.nanoTime();
      text.append(new String(buffer, 0, count, ISO_8859_1));
      int at;
      while ((at = text.indexOf("T=")) >= 0 && at + 2 + STAMP_DIGITS < text.length()) {
        int end = at + 2 + STAMP_DIGITS;
        if (seen++ >= WARM_UP) {
          samples.add(now - Long.parseUnsignedLong(text, at + 2, end, 16));
        }
        text.delete(0, end);
      }
    }
    return samples;
  }

  /** Clients that keep the proxy busy. */
  private static final class Load implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicLong calls = new AtomicLong();
    private final List<Thread> threads = new ArrayList<>();

    Load(InetSocketAddress proxy) throws IOException {
      threads.add(Thread.ofVirtual().start(this::accept));
      for (int i = 0; i < LOAD; i++) {
        threads.add(Thread.ofVirtual().start(() -> ask(proxy)));
      }
    }

    long calls() {
      return calls.get();
    }

    private void accept() {
      try {
        while (true) {
          Socket client = listener.accept();
          var _ = Thread.ofVirtual().start(() -> answer(client));
        }
      } catch (IOException closed) {
        over.set(true);
      }
    }

    private static void answer(Socket client) {
      byte[] response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".getBytes(ISO_8859_1);
      try (client) {
        while (true) {
          readHead(client.getInputStream());
          client.getOutputStream().write(response);
        }
      } catch (IOException closed) {
        // The proxy has closed it.
      }
    }

    private void ask(InetSocketAddress proxy) {
      byte[] request =
          "GET http://127.0.0.1:%1$d/ HTTP/1.1\r\nHost: 127.0.0.1:%1$d\r\n\r\n"
              .formatted(listener.getLocalPort())
              .getBytes(ISO_8859_1);
      try (var socket = new Socket(proxy.getAddress(), proxy.getPort())) {
        while (!over.get()) {
          socket.getOutputStream().write(request);
          readHead(socket.getInputStream());
          socket.getInputStream().skipNBytes(2);
          calls.incrementAndGet();
        }
      } catch (IOException closed) {
        over.set(true);
      }
    }

    @Override
    public void close() throws IOException {
      over.set(true);
      listener.close();
      for (Thread thread : threads) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  private static String head(String lines) {
    return lines.replace("\n", "\r\n") + "\r\n";
  }

  /** A frame of HTTP/2 (RFC 9113 section 4.1); each char is one byte. */
  private static String frame(int type, int flags, int stream, String payload) {
    int length = payload.length();
    return ""
        + (char) (length >> 16)
        + (char) ((length >> 8) & 255)
        + (char) (length & 255)
        + (char) type
        + (char) flags
        + "\0\0\0"
        + (char) stream
        + payload;
  }

  /** A literal without indexing (RFC 7541 section 6.2.2). */
  private static String field(String name, String value) {
    return "\0" + (char) name.length() + name + (char) value.length() + value;
  }
}
