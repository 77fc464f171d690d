package dev.earshot.cli.interop;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.exchange.Header;
import dev.earshot.testkit.ScriptedOrigin;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** An origin of HTTP/1 that keeps one request of each connection, byte for byte. */
final class RequestRecorder implements AutoCloseable {
  /**
   * A request as it was on the wire.
   *
   * @param startLine without its line end
   * @param body each char is one byte; without the framing of chunks
   */
  record Seen(String startLine, List<Header> headers, String body) {
    Seen {
      headers = List.copyOf(headers);
    }
  }

  private final Queue<Seen> seen = new ConcurrentLinkedQueue<>();
  private final ScriptedOrigin origin;

  RequestRecorder(String address, @Nullable SSLContext tls) throws IOException {
    this.origin = ScriptedOrigin.start(address, tls, this::record);
  }

  int port() {
    return origin.port();
  }

  /** What came since this was called last. */
  List<Seen> take() {
    var taken = new ArrayList<Seen>();
    for (Seen each = seen.poll(); each != null; each = seen.poll()) {
      taken.add(each);
    }
    return taken;
  }

  @Override
  public void close() throws IOException {
    origin.close();
  }

  private void record(ScriptedOrigin.Connection connection) throws IOException {
    List<String> lines = connection.readHead().lines().toList();
    var headers = new ArrayList<Header>();
    for (String line : lines.subList(1, lines.size())) {
      if (!line.isEmpty()) {
        int colon = line.indexOf(':');
        String value = line.substring(colon + 1);
        headers.add(
            new Header(
                line.substring(0, colon), value.startsWith(" ") ? value.substring(1) : value));
      }
    }
    if (headers.stream().anyMatch(each -> each.is("Expect"))) {
      connection.send("HTTP/1.1 100 Continue\r\n\r\n");
    }
    seen.add(new Seen(lines.getFirst(), headers, body(connection, headers)));
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }

  private static String body(ScriptedOrigin.Connection connection, List<Header> headers)
      throws IOException {
    for (Header header : headers) {
      if (header.is("Content-Length")) {
        return connection.read(Integer.parseInt(header.value()));
      }
      if (header.is("Transfer-Encoding")) {
        return chunks(connection);
      }
    }
    return "";
  }

  private static String chunks(ScriptedOrigin.Connection connection) throws IOException {
    var body = new StringBuilder();
    while (true) {
      int size = Integer.parseInt(line(connection), 16);
      body.append(connection.read(size));
      connection.read(2);
      if (size == 0) {
        return body.toString();
      }
    }
  }

  private static String line(ScriptedOrigin.Connection connection) throws IOException {
    var line = new ByteArrayOutputStream();
    String next = connection.read(1);
    while (!next.equals("\r")) {
      line.writeBytes(next.getBytes(ISO_8859_1));
      next = connection.read(1);
    }
    connection.read(1);
    return line.toString(ISO_8859_1);
  }
}
