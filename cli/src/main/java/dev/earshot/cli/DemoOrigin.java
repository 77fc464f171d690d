package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.SSLContext;

/** The server that the demo calls, on loopback: http and https, with one kind of answer a path. */
final class DemoOrigin implements AutoCloseable {
  private static final int SLOW_MILLIS = 600;
  private static final int EVENTS = 3;
  private static final int BETWEEN_EVENTS_MILLIS = 250;

  private final ExecutorService handlers = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final HttpServer plain;
  private final HttpsServer secure;

  private DemoOrigin(HttpServer plain, HttpsServer secure) {
    this.plain = plain;
    this.secure = secure;
  }

  /** Starts both servers on free ports. */
  static DemoOrigin start(SSLContext tls) throws IOException {
    var anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    HttpsServer secure = HttpsServer.create(anyPort, 0);
    secure.setHttpsConfigurator(new HttpsConfigurator(tls));
    var origin = new DemoOrigin(HttpServer.create(anyPort, 0), secure);
    origin.serve(origin.plain);
    origin.serve(origin.secure);
    return origin;
  }

  /** Where the plain server is, such as {@code http://localhost:40123}. */
  String plainUrl() {
    return "http://localhost:" + plain.getAddress().getPort();
  }

  /** Where the TLS server is. */
  String secureUrl() {
    return "https://localhost:" + secure.getAddress().getPort();
  }

  @Override
  public void close() {
    closing.countDown();
    plain.stop(0);
    secure.stop(0);
    handlers.close();
  }

  private void serve(HttpServer server) {
    server.setExecutor(handlers);
    server.createContext("/", answering(404, "text/plain", "there is nothing here\n"));
    server.createContext(
        "/v1/customers",
        answering(200, "application/json", "{\"id\":\"cus_4\",\"name\":\"Ada\"}\n"));
    server.createContext(
        "/v1/payments",
        answering(402, "application/json", "{\"error\":{\"code\":\"card_declined\"}}\n"));
    server.createContext("/v1/report", this::slowly);
    server.createContext("/v1/catalog", DemoOrigin::compressed);
    server.createContext("/v1/updates", this::eventStream);
    server.start();
  }

  private static HttpHandler answering(int status, String type, String text) {
    return exchange -> answer(exchange, status, type, text.getBytes(UTF_8));
  }

  private static void answer(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    try (exchange) {
      exchange.getRequestBody().readAllBytes();
      exchange.getResponseHeaders().set("Content-Type", type);
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private void slowly(HttpExchange exchange) throws IOException {
    pause(SLOW_MILLIS);
    answer(exchange, 200, "application/json", "{\"rows\":1204}\n".getBytes(UTF_8));
  }

  private static void compressed(HttpExchange exchange) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(bytes)) {
      gzip.write("{\"sku\":\"A-1\",\"price\":1999}\n".repeat(400).getBytes(UTF_8));
    }
    exchange.getResponseHeaders().set("Content-Encoding", "gzip");
    answer(exchange, 200, "application/json", bytes.toByteArray());
  }

  private void eventStream(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
      exchange.sendResponseHeaders(200, 0);
      OutputStream out = exchange.getResponseBody();
      for (int i = 1; i <= EVENTS; i++) {
        out.write("data: {\"step\":%d}\n\n".formatted(i).getBytes(UTF_8));
        out.flush();
        pause(BETWEEN_EVENTS_MILLIS);
      }
    }
  }

  /** Waits, but not past the end of the demo. */
  private void pause(int millis) {
    try {
      closing.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
