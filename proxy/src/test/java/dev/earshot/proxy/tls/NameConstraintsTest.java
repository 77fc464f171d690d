package dev.earshot.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.testkit.ScriptedOrigin;
import dev.earshot.testkit.TestCa;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.cert.X509CertificateHolder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read, what is written, and that real clients hold to it. */
class NameConstraintsTest {
  private static final String OK =
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nheard\n";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "example.com|example.com",
        "Example.COM.,localhost|example.com,localhost",
        "bücher.example|xn--bcher-kva.example",
        "10.0.0.0/8,example.com|example.com,10.0.0.0/8",
        "127.0.0.1/32|127.0.0.1",
        "[::1],fd00::/8,0.0.0.0/0|::1,fd00::/8,0.0.0.0/0",
        "a.example,a.example|a.example",
        "none|none",
      })
  void aListIsReadAndSaidAgain(String list, String said) {
    NameConstraints constraints = NameConstraints.parse(list);

    assertThat(constraints).hasToString(said);
    assertThat(NameConstraints.parse(said)).isEqualTo(constraints);
    assertThat(constraints.isNone()).isEqualTo(list.equals("none"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "\"\"|'' is neither a host name nor an address",
        "a.example,|'' is neither a host name nor an address",
        "*.example|'*.example' begins with a dot or a star: a name alone means all names below it as"
            + " well",
        ".example|'.example' begins with a dot or a star: a name alone means all names below it as"
            + " well",
        "a b|'a b' is neither a host name nor an address",
        "https://a.example|'https://a.example' is not a range of addresses, as 10.0.0.0/8 is",
        "10.0.0.0/33|'10.0.0.0/33' is not a range of addresses, as 10.0.0.0/8 is",
        "10.0.0.0/+8|'10.0.0.0/+8' is not a range of addresses, as 10.0.0.0/8 is",
        "::1/129|'::1/129' is not a range of addresses, as 10.0.0.0/8 is",
        "10.1.2.3/8|'10.1.2.3/8' has bits beyond its prefix; did you mean '10.0.0.0/8'?",
        "invalid|'invalid' is not a name of servers",
        "a.example,none|'none' is not a name of servers",
      })
  void aListThatIsNoneIsRefused(String list, String why) {
    assertThatThrownBy(() -> NameConstraints.parse(list))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(why);
  }

  @Test
  void aListTooLongIsRefused() {
    String most = names(100);

    assertThat(NameConstraints.parse(most).isNone()).isFalse();
    assertThatThrownBy(() -> NameConstraints.parse(names(101)))
        .hasMessage("there are more than 100 of them");
  }

  private static String names(int count) {
    return IntStream.range(0, count)
        .mapToObj(number -> "host-" + number + ".example")
        .collect(Collectors.joining(","));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "example.com",
        "a.example,b.example,10.0.0.0/8",
        "127.0.0.1",
        "::1,fd00::/8",
        "0.0.0.0/0,::/0",
        "localhost,127.0.0.0/9,::1",
      })
  void whatACertificateSaysIsReadBack(String list) throws Exception {
    NameConstraints constraints = NameConstraints.parse(list);
    var authority = AuthorityKey.generate(Instant.now(), constraints);
    var reread = AuthorityKey.parse(authority.pem()).orElseThrow();

    assertThat(reread).isEqualTo(authority);
    assertThat(reread.problem(Instant.now())).isEmpty();
    assertThat(reread.constraints()).isEqualTo(constraints);
    for (X509Certificate each : List.of(authority.root(), authority.certificate())) {
      var holder = new X509CertificateHolder(each.getEncoded());
      assertThat(holder.getEncoded()).isEqualTo(holder.toASN1Structure().getEncoded("DER"));
      assertThat(holder.getExtension(Extension.nameConstraints).isCritical()).isTrue();
      var read =
          org.bouncycastle.asn1.x509.NameConstraints.getInstance(
              holder.getExtension(Extension.nameConstraints).getParsedValue());
      assertThat(read.getPermittedSubtrees()).hasSizeGreaterThanOrEqualTo(1);
      for (GeneralSubtree permitted : read.getPermittedSubtrees()) {
        assertThat(permitted.getMinimum()).isZero();
        assertThat(permitted.getMaximum()).isNull();
      }
    }
    assertThat(authority.root().getBasicConstraints()).isOne();
    assertThat(authority.certificate().getBasicConstraints()).isZero();
    assertThat(authority.certificate().getIssuerX500Principal())
        .isEqualTo(authority.root().getSubjectX500Principal());
  }

  /** Seeded; that nothing is thrown, and that nothing is taken for something else. */
  @Test
  void aValueThatIsNotOursIsNotUnderstood() {
    byte[] good = NameConstraints.parse("example.com,10.0.0.0/8").der();
    var random = new Random(7);
    for (int i = 0; i < 200_000; i++) {
      byte[] bad = good.clone();
      for (int change = 0; change <= random.nextInt(3); change++) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
      }
      Optional<NameConstraints> read = NameConstraints.ofDer(bad);
      read.ifPresent(it -> assertThat(it.der()).isEqualTo(bad));
    }
    for (int length = 0; length < good.length; length++) {
      assertThat(NameConstraints.ofDer(Arrays.copyOf(good, length))).isEmpty();
    }
    assertThat(NameConstraints.ofDer(good)).isPresent();
  }

  /** A leaf that the authority itself would not sign where it is outside. */
  private record Signed(AuthorityKey authority, KeyPair keys, X509Certificate leaf) {
    static Signed of(String constraints, String host) throws Exception {
      Instant now = Instant.now();
      var authority = AuthorityKey.generate(now, NameConstraints.parse(constraints));
      KeyPair keys = AuthorityKey.newKeyPair();
      byte[] der =
          CertificateForm.leaf(
              ServerName.parse(host).orElseThrow(),
              AuthorityKey.newSerial(),
              new CertificateForm.Validity(
                  now.minus(Duration.ofHours(1)), now.plus(Duration.ofDays(9))),
              keys.getPublic(),
              authority.certificate(),
              authority.key());
      return new Signed(authority, keys, PemCertificates.x509(der));
    }

    SSLContext context() throws Exception {
      char[] password = {'-'};
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry(
          "server",
          keys.getPrivate(),
          password,
          Stream.concat(Stream.of(leaf), authority.issuers().stream())
              .toArray(X509Certificate[]::new));
      var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      managers.init(store, password);
      var context = SSLContext.getInstance("TLS");
      context.init(managers.getKeyManagers(), null, null);
      return context;
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "example.com|example.com|true",
        "example.com|deep.api.example.com|true",
        "example.com|badexample.com|false",
        "example.com|com|false",
        "example.com|example.org|false",
        "example.com|127.0.0.1|false",
        "example.com|::1|false",
        "127.0.0.0/8|127.0.0.1|true",
        "127.0.0.0/8|10.0.0.1|false",
        "127.0.0.0/8|::1|false",
        "127.0.0.0/8|example.com|false",
        "127.0.0.0/8|localhost|false",
        "::1|::1|true",
        "fd00::/8|fd12::7|true",
        "fd00::/8|fe00::1|false",
        "::1|127.0.0.1|false",
        "localhost,127.0.0.1|localhost|true",
        "localhost,127.0.0.1|127.0.0.1|true",
        "localhost,127.0.0.1|127.0.0.2|false",
        "localhost,127.0.0.1|::1|false",
        "example.com|"
            + "a-label-of-forty-characters-and-then-some.another-one-beside-it.example.com|true",
      })
  void openSslCurlAndJavaAcceptWhatIsInsideAndRefuseWhatIsOutside(
      String constraints, String host, boolean inside, @TempDir Path directory) throws Exception {
    assertThat(NameConstraints.parse(constraints).permit(ServerName.parse(host).orElseThrow()))
        .isEqualTo(inside);
    Signed signed = Signed.of(constraints, host);
    Path root = Files.writeString(directory.resolve("root.pem"), signed.authority().rootPem());

    var openSsl = openSsl(signed, host, root, directory);
    assertThat(openSsl.code() == 0).as(openSsl.text()).isEqualTo(inside);
    if (!inside) {
      assertThat(openSsl.text()).containsPattern("(permitted|excluded) subtree violation");
    }
    try (var server = ScriptedOrigin.startTls(signed.context(), ScriptedOrigin.answering(OK))) {
      var curl = curl(host, server.port(), root);
      assertThat(curl.code()).as(curl.text()).isEqualTo(inside ? 0 : 60);
      assertThat(java(signed, host, server.port())).isEqualTo(inside);
    }
  }

  private static Commands.Said openSsl(Signed signed, String host, Path root, Path directory)
      throws Exception {
    Path below = directory.resolve("below.der");
    Files.write(below, signed.authority().certificate().getEncoded());
    Path leaf = Files.write(directory.resolve("leaf.der"), signed.leaf().getEncoded());
    List<String> command =
        new ArrayList<>(List.of("openssl", "verify", "-x509_strict", "-purpose", "sslserver"));
    boolean address = ServerName.parse(host).orElseThrow() instanceof ServerName.Ip;
    command.addAll(List.of(address ? "-verify_ip" : "-verify_hostname", host));
    command.addAll(List.of("-CAfile", root.toString(), "-untrusted", below.toString()));
    command.add(leaf.toString());
    return Commands.run(command);
  }

  private static Commands.Said curl(String host, int port, Path root) throws Exception {
    String inUrl = host.contains(":") ? "[" + host + "]" : host;
    return Commands.run(
        List.of(
            "curl",
            "-sS",
            "--noproxy",
            "*",
            "--cacert",
            root.toString(),
            "--connect-to",
            "::127.0.0.1:" + port,
            "https://" + inUrl + ":443/"));
  }

  /** Whether the JDK's client shakes hands. */
  private static boolean java(Signed signed, String host, int port) throws Exception {
    SSLContext trusting = TestCa.clientContext(signed.authority().root());
    var plain = new Socket(InetAddress.getLoopbackAddress(), port);
    try (var socket =
        (SSLSocket) trusting.getSocketFactory().createSocket(plain, host, port, true)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return true;
    } catch (SSLException refused) {
      assertThat(refused).hasStackTraceContaining("name constraints");
      return false;
    } catch (IOException broken) {
      throw new AssertionError("not refused, but broken", broken);
    }
  }

  @Test
  void theAuthorityItselfDoesNotSignOutside() {
    var ca = CertificateAuthority.inMemory(Instant::now, NameConstraints.parse("example.com"));
    var leaves = new LeafCertificates(ca, Instant::now);

    assertThat(leaves.permit(new ServerName.Dns("a.example.com"))).isTrue();
    assertThat(leaves.chain(new ServerName.Dns("a.example.com"))).hasSize(3);
    assertThat(leaves.permit(new ServerName.Dns("example.org"))).isFalse();
    assertThatThrownBy(() -> leaves.chain(new ServerName.Dns("example.org")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("example.org");
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "a.example.com, 10.0.0.1, true",
        "example.org, a.example.com, false",
        "-, a.example.com, true",
        "-, 10.0.0.1, false",
        "my_service.example.com, 10.0.0.1, false",
        "my_service, a.example.com, true",
        "-, no host, true",
      })
  void whomAClientIsShownDecidesWhetherItCanBeServed(
      @Nullable String requested, String host, boolean can) {
    var ca = CertificateAuthority.inMemory(Instant::now, NameConstraints.parse("example.com"));
    try (var tls = new InterceptTls(ca, Instant::now)) {
      assertThat(tls.canServe(Optional.ofNullable(requested), host)).isEqualTo(can);
    }
  }
}
