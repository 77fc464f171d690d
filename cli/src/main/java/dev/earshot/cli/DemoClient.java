package dev.earshot.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * The command that the demo runs, in a JVM of its own: an ordinary program, which makes some calls
 * and takes its proxy and its trust from HTTP_PROXY and SSL_CERT_FILE.
 */
final class DemoClient {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private DemoClient() {}

  /**
   * Makes the calls, one after the other.
   *
   * @param args the base URLs of the plain and of the TLS server
   */
  public static void main(String[] args) throws Exception {
    Map<String, String> environment = System.getenv();
    try (var client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .proxy(proxy(URI.create(environment.getOrDefault("HTTP_PROXY", ""))))
            .sslContext(trusting(Path.of(environment.getOrDefault("SSL_CERT_FILE", ""))))
            .connectTimeout(PATIENCE)
            .build()) {
      String plain = args[0];
      String secure = args[1];
      get(client, plain + "/v1/customers/cus_4");
      get(client, secure + "/v1/customers/cus_4?expand=orders");
      post(client, secure + "/v1/payments", "{\"amount\":1999,\"currency\":\"eur\"}");
      get(client, secure + "/v1/catalog");
      get(client, secure + "/v1/report");
      get(client, plain + "/v1/updates");
      get(client, plain + "/v1/nothing");
    }
  }

  private static ProxySelector proxy(URI uri) {
    return ProxySelector.of(new InetSocketAddress(uri.getHost(), uri.getPort()));
  }

  private static void get(HttpClient client, String url) throws IOException, InterruptedException {
    send(client, HttpRequest.newBuilder(URI.create(url)).GET());
  }

  private static void post(HttpClient client, String url, String body)
      throws IOException, InterruptedException {
    send(
        client,
        HttpRequest.newBuilder(URI.create(url))
            .header("Content-Type", "application/json")
            .header("Authorization", "Bearer demo-token")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  private static void send(HttpClient client, HttpRequest.Builder request)
      throws IOException, InterruptedException {
    client.send(request.timeout(PATIENCE).build(), BodyHandlers.discarding());
  }

  private static SSLContext trusting(Path pem) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream in = Files.newInputStream(pem)) {
      int number = 0;
      for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("ca-" + number++, one);
      }
    }
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    var context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }
}
