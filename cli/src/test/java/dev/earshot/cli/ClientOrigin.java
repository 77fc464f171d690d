package dev.earshot.cli;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.earshot.testkit.TestCa;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A web server on the loopback, in the clear and over TLS, that remembers what it was asked. A
 * handler may wait as long as its test wants it to; it must not outlast it.
 */
final class ClientOrigin implements AutoCloseable {
  private static final int BACKLOG = 512;

  private final HttpServer plain;
  private final HttpsServer secure;
  private final ExecutorService handlers = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Call> calls = new CopyOnWriteArrayList<>();

  /** A request as it arrived. */
  record Call(String method, URI target, Headers headers) {}

  /** A server called {@code localhost}, for which the authority vouches. */
  ClientOrigin(TestCa ca) throws IOException {
    var anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    plain = HttpServer.create(anyPort, BACKLOG);
    secure = HttpsServer.create(anyPort, BACKLOG);
    secure.setHttpsConfigurator(new HttpsConfigurator(ca.serverContext("localhost")));
    for (HttpServer server : List.of(plain, secure)) {
      server.setExecutor(handlers);
      server.start();
    }
  }

  /** Handles what begins with the path. */
  ClientOrigin on(String path, HttpHandler handler) {
    HttpHandler remembering =
        exchange -> {
          try (exchange) {
            calls.add(
                new Call(
                    exchange.getRequestMethod(),
                    exchange.getRequestURI(),
                    Headers.of(exchange.getRequestHeaders())));
            handler.handle(exchange);
          }
        };
    plain.createContext(path, remembering);
    secure.createContext(path, remembering);
    return this;
  }

  /** Sends a whole body of a known length; none after a HEAD. */
  static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
    boolean empty = body.length == 0 || exchange.getRequestMethod().equals("HEAD");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", String.valueOf(body.length));
    }
    exchange.sendResponseHeaders(status, empty ? -1 : body.length);
    if (!empty) {
      exchange.getResponseBody().write(body);
    }
  }

  String http(String path) {
    return "http://localhost:" + plain.getAddress().getPort() + path;
  }

  String https(String path) {
    return "https://localhost:" + secure.getAddress().getPort() + path;
  }

  List<Call> calls() {
    return List.copyOf(calls);
  }

  @Override
  public void close() {
    plain.stop(0);
    secure.stop(0);
    handlers.close();
  }
}
