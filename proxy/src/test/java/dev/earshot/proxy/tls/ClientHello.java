package dev.earshot.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** A JDK client's first message, whose server name can be replaced by any bytes as long. */
final class ClientHello {
  private final SSLEngine engine;
  private final String name;
  private final byte[] bytes;
  private final List<String> certificates = new ArrayList<>();

  private ClientHello(int nameLength, String version)
      throws GeneralSecurityException, SSLException {
    name = placeholder(nameLength);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new Witness(certificates)}, null);
    engine = context.createSSLEngine(name, 443);
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setServerNames(List.of(new SNIHostName(name)));
    parameters.setProtocols(new String[] {version});
    engine.setSSLParameters(parameters);
    ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    engine.wrap(ByteBuffer.allocate(0), out);
    bytes = Arrays.copyOf(out.array(), out.position());
  }

  static ClientHello withNameOfLength(int length, String version)
      throws GeneralSecurityException, SSLException {
    return new ClientHello(length, version);
  }

  byte[] bytes() {
    return bytes.clone();
  }

  byte[] bytesWithName(byte[] replacement) {
    int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(name);
    assertThat(at).isPositive();
    byte[] changed = bytes();
    System.arraycopy(replacement, 0, changed, at, replacement.length);
    return changed;
  }

  /**
   * The alternative names of the server's certificate; empty if it sent none. Works up to TLS 1.2,
   * where the certificate comes in the clear and before anything that covers the changed bytes.
   */
  String certificateAfterSending(byte[] hello, int port) throws IOException {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.getOutputStream().write(hello);
      socket.shutdownOutput();
      read(ByteBuffer.wrap(socket.getInputStream().readAllBytes()));
    } catch (SSLException refused) {
      // An alert, or our own mistrust: what was seen by then is the answer.
    }
    return String.join(" ", certificates);
  }

  private void read(ByteBuffer answer) throws SSLException {
    ByteBuffer application = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
    while (answer.hasRemaining() && certificates.isEmpty() && !engine.isInboundDone()) {
      engine.unwrap(answer, application);
      Runnable task = engine.getDelegatedTask();
      while (task != null) {
        task.run();
        task = engine.getDelegatedTask();
      }
    }
  }

  private static String placeholder(int length) {
    StringBuilder name = new StringBuilder("q".repeat(length));
    for (int dot = 50; dot < length - 1; dot += 50) {
      name.setCharAt(dot, '.');
    }
    return name.toString();
  }

  /** Verifies nothing, but notes the names of what it is shown. */
  private static final class Witness extends X509ExtendedTrustManager {
    private final List<String> certificates;

    Witness(List<String> certificates) {
      this.certificates = certificates;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      certificates.add(String.valueOf(chain[0].getSubjectAlternativeNames()));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
