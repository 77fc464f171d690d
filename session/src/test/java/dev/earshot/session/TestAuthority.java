package dev.earshot.session;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.earshot.testkit.TestCa;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;

/** A certificate authority that nobody trusts, and HTTPS origins with certificates of it. */
record TestAuthority(TestCa ca) {
  static TestAuthority named(String name) {
    return new TestAuthority(TestCa.create(name));
  }

  X509Certificate certificate() {
    return ca.certificate();
  }

  String block() {
    try {
      return PemBlocks.of(certificate().getEncoded());
    } catch (CertificateEncodingException e) {
      throw new AssertionError(e);
    }
  }

  String pem() {
    return ca.caPem();
  }

  /** An origin on the loopback that answers every request with this text. */
  HttpsServer origin(String answer) throws IOException {
    HttpsServer server =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(ca.serverContext("localhost", "127.0.0.1")));
    server.createContext(
        "/",
        exchange -> {
          byte[] body = answer.getBytes(StandardCharsets.US_ASCII);
          try (exchange) {
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
          }
        });
    server.start();
    return server;
  }
}
