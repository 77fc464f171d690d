package dev.earshot.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.TestCa;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCounted;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Real clients meet the intercepting side, with both providers of TLS. */
class InterceptTlsTest {
  private static final CertificateAuthority CA =
      CertificateAuthority.inMemory(InstantSource.system());
  private static final String LONG_NAME = "a".repeat(40) + "." + "b".repeat(21) + ".example";
  private static final EventLoopGroup LOOP =
      new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());

  @TempDir private static Path directory;
  private static Path caFile = Path.of("");

  /** Both kinds; that the second one is there too is a test of its own. */
  enum Kind {
    JDK(SslProvider.JDK),
    BORING_SSL(SslProvider.OPENSSL_REFCNT);

    private final SslProvider provider;

    Kind(SslProvider provider) {
      this.provider = provider;
    }

    InterceptTls newTls() {
      return new InterceptTls(CA, InstantSource.system(), Optional.empty(), () -> provider);
    }
  }

  @BeforeAll
  static void startTheLoop() throws IOException {
    LOOP.forEach(loop -> loop.submit(() -> {}).syncUninterruptibly());
    caFile = Files.writeString(directory.resolve("ca.pem"), CA.pem());
  }

  @AfterAll
  static void stopTheLoop() {
    LOOP.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
  }

  static Stream<Arguments> kindsAndNames() {
    return Stream.of(Kind.values())
        .flatMap(kind ->
            Stream.of("api.example", "localhost", "xn--bcher-kva.example", LONG_NAME)
                .map(name -> Arguments.of(kind, name)));
  }

  static Stream<Arguments> kindsAndAddresses() {
    return Stream.of(Kind.values())
        .flatMap(kind -> Stream.of("127.0.0.1", "::1").map(name -> Arguments.of(kind, name)));
  }

  @Test
  void boringSslIsThereAndIsPreferred() {
    assertThat(OpenSsl.unavailabilityCause()).isNull();
    assertThat(SslContexts.bestProvider()).isEqualTo(SslProvider.OPENSSL_REFCNT);
  }

  @Test
  void withoutBoringSslTheJdkServes() throws Exception {
    var said =
        Commands.run(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dio.netty.handler.ssl.noOpenSsl=true",
                "-cp",
                System.getProperty("java.class.path", ""),
                ChosenProvider.class.getName()));

    assertThat(said).isEqualTo(new Commands.Said(0, "JDK"));
  }

  /** Another process, since the library is looked for once in each. */
  static final class ChosenProvider {
    private ChosenProvider() {}

    public static void main(String[] args) {
      System.out.print(SslContexts.bestProvider());
    }
  }

  @ParameterizedTest
  @MethodSource("kindsAndNames")
  void openSslAcceptsTheNameItAsksFor(Kind kind, String name) throws Exception {
    try (var tls = kind.newTls();
        var server = TlsServer.start(LOOP, tls, "connect.example")) {
      for (String version : List.of("-tls1_2", "-tls1_3")) {
        var said =
            Commands.run(
                List.of(
                    "openssl",
                    "s_client",
                    "-connect",
                    "127.0.0.1:" + server.port(),
                    version,
                    "-servername",
                    name,
                    "-verify_hostname",
                    name,
                    "-verify_return_error",
                    "-x509_strict",
                    "-CAfile",
                    caFile.toString(),
                    "-alpn",
                    "h2,http/1.1"));

        assertThat(said.code()).as(said.text()).isZero();
        assertThat(said.text())
            .contains("Verify return code: 0 (ok)", "ALPN protocol: http/1.1")
            .containsPattern(" 0 s:.*\n(.*\n)* 1 s:CN = Earshot CA");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kindsAndNames")
  void curlAcceptsTheNameItAsksFor(Kind kind, String name) throws Exception {
    try (var tls = kind.newTls();
        var server = TlsServer.start(LOOP, tls, "connect.example")) {
      assertThat(curl(name, server)).isEqualTo(new Commands.Said(0, TlsServer.BODY));
    }
  }

  @ParameterizedTest
  @MethodSource("kindsAndAddresses")
  void curlAcceptsTheAddressOfTheTunnel(Kind kind, String address) throws Exception {
    String host = address.contains(":") ? "[" + address + "]" : address;
    try (var tls = kind.newTls();
        var server = TlsServer.start(LOOP, tls, host)) {
      assertThat(curl(host, server)).isEqualTo(new Commands.Said(0, TlsServer.BODY));
    }
  }

  /** Java takes no underscore from the handshake; the JDK's provider even refuses the handshake. */
  @Test
  void aNameWithAnUnderscoreIsServedAsTheHostOfTheTunnel() throws Exception {
    try (var tls = Kind.BORING_SSL.newTls();
        var server = TlsServer.start(LOOP, tls, "my_service")) {
      assertThat(curl("my_service", server)).isEqualTo(new Commands.Said(0, TlsServer.BODY));
    }
  }

  private static Commands.Said curl(String host, TlsServer server) throws Exception {
    return Commands.run(
        List.of(
            "curl",
            "-sS",
            "--noproxy",
            "*",
            "--cacert",
            caFile.toString(),
            "--connect-to",
            "::127.0.0.1:" + server.port(),
            "https://" + host + ":443/"));
  }

  @ParameterizedTest
  @EnumSource
  void withoutANameTheHostOfTheTunnelIsServed(Kind kind) throws Exception {
    try (var tls = kind.newTls();
        var server = TlsServer.start(LOOP, tls, "connect.example")) {
      var said =
          Commands.run(
              List.of(
                  "openssl",
                  "s_client",
                  "-connect",
                  "127.0.0.1:" + server.port(),
                  "-noservername",
                  "-verify_hostname",
                  "connect.example",
                  "-verify_return_error",
                  "-CAfile",
                  caFile.toString()));

      assertThat(said.code()).as(said.text()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void withNeitherNameNorHostTheHandshakeFails(Kind kind) throws Exception {
    try (var tls = kind.newTls();
        var server = TlsServer.start(LOOP, tls, "no host")) {
      var said =
          Commands.run(
              List.of(
                  "openssl",
                  "s_client",
                  "-connect",
                  "127.0.0.1:" + server.port(),
                  "-noservername"));

      assertThat(said.code()).as(said.text()).isNotZero();
    }
  }

  @ParameterizedTest
  @MethodSource("kindsAndNames")
  void aJdkClientAcceptsTheNameItAsksFor(Kind kind, String name) throws Exception {
    try (var tls = kind.newTls();
        var server = TlsServer.start(LOOP, tls, "connect.example");
        var socket = jdkSocket(server, name)) {
      socket.startHandshake();

      assertThat(socket.getApplicationProtocol()).isEqualTo("http/1.1");
      socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(socket.getInputStream().readAllBytes()).asString().endsWith(TlsServer.BODY);
    }
  }

  private static SSLSocket jdkSocket(TlsServer server, String name) throws IOException {
    var plain = new Socket(InetAddress.getLoopbackAddress(), server.port());
    SSLContext context = TestCa.clientContext(CA.certificate());
    var socket =
        (SSLSocket) context.getSocketFactory().createSocket(plain, name, server.port(), true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    parameters.setServerNames(List.of(new SNIHostName(name)));
    parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
    socket.setSSLParameters(parameters);
    return socket;
  }

  @ParameterizedTest
  @EnumSource
  void manyClientsAtOnceEachGetTheirName(Kind kind) throws Exception {
    try (var tls = kind.newTls();
        var server = TlsServer.start(LOOP, tls, "connect.example");
        var clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<String>> asks = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        String name = "host-" + i % 8 + ".example";
        asks.add(() -> {
          try (var socket = jdkSocket(server, name)) {
            socket.startHandshake();
            return socket.getSession().getPeerPrincipal().getName();
          }
        });
      }
      List<String> names = new ArrayList<>();
      for (var answer : clients.invokeAll(asks)) {
        names.add(answer.get());
      }
      for (int i = 0; i < names.size(); i++) {
        assertThat(names.get(i)).isEqualTo("CN=host-" + i % 8 + ".example");
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void oldVersionsAreRefused(Kind kind) throws Exception {
    try (var tls = kind.newTls();
        var server = TlsServer.start(LOOP, tls, "connect.example")) {
      var said =
          Commands.run(
              List.of(
                  "openssl",
                  "s_client",
                  "-connect",
                  "127.0.0.1:" + server.port(),
                  "-tls1_1",
                  "-cipher",
                  "DEFAULT@SECLEVEL=0"));

      assertThat(said.code()).as(said.text()).isNotZero();
      assertThat(said.text().toLowerCase(Locale.ROOT)).contains("protocol version");
    }
  }

  /** What a client may put where a name belongs; each is sent as raw bytes. */
  static Stream<Arguments> kindsAndHostileNames() {
    return Stream.of(Kind.values())
        .flatMap(kind ->
            Stream.of(
                    "*.example.com",
                    "a..example",
                    "-.example.com",
                    "evil\u0000.example",
                    "evil\r\n.example",
                    "\u001b]0;x\u0007.example",
                    "../../etc/passwd",
                    "a b c.example",
                    "\u00ff\u00fe\u00fd.example",
                    "caf\u00e9.example",
                    "[::1].example",
                    "a".repeat(200))
                .map(name -> Arguments.of(kind, name)));
  }

  @ParameterizedTest
  @MethodSource("kindsAndHostileNames")
  void forANameThatIsNoneNoCertificateIsMade(Kind kind, String name) throws Exception {
    byte[] hostile = name.getBytes(StandardCharsets.ISO_8859_1);
    try (var tls = kind.newTls();
        var server = TlsServer.start(LOOP, tls, "connect.example")) {
      ClientHello hello = ClientHello.withNameOfLength(hostile.length, "TLSv1.2");

      assertThat(hello.certificateAfterSending(hello.bytesWithName(hostile), server.port()))
          .isIn("", "[[2, connect.example]]");
      assertThat(curl("api.example", server).text()).isEqualTo(TlsServer.BODY);
    }
  }

  @ParameterizedTest
  @EnumSource
  void theRawClientGetsTheNameItAsksFor(Kind kind) throws Exception {
    byte[] name = "raw.example".getBytes(StandardCharsets.ISO_8859_1);
    try (var tls = kind.newTls();
        var server = TlsServer.start(LOOP, tls, "connect.example")) {
      ClientHello hello = ClientHello.withNameOfLength(name.length, "TLSv1.2");

      assertThat(hello.certificateAfterSending(hello.bytesWithName(name), server.port()))
          .isEqualTo("[[2, raw.example]]");
    }
  }

  @ParameterizedTest
  @EnumSource
  void mutatedHellosAreAnsweredOrRefusedAndTheServerLivesOn(Kind kind) throws Exception {
    var random = new Random(42);
    try (var tls = kind.newTls();
        var server = TlsServer.start(LOOP, tls, "connect.example")) {
      for (int i = 0; i < 100; i++) {
        byte[] bytes = ClientHello.withNameOfLength(11, "TLSv1.3").bytes();
        for (int change = 1 + random.nextInt(4); change > 0; change--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
          socket.getOutputStream().write(bytes);
          socket.shutdownOutput();
          socket.getInputStream().readAllBytes();
        } catch (IOException reset) {
          assertThat(reset).hasMessageContaining("reset");
        }
      }
      assertThat(curl("api.example", server).text()).isEqualTo(TlsServer.BODY);
    }
  }

  @Test
  void nothingNativeIsLeftWhenConnectionsAndContextAreClosed() throws Exception {
    List<SSLEngine> engines = new ArrayList<>();
    try (var tls = Kind.BORING_SSL.newTls();
        var server = TlsServer.start(LOOP, tls, "connect.example")) {
      curl("api.example", server);
      jdkSocket(server, "other.example").close();
      Eventually.until("both clients came", () -> server.engines().size() == 2);
      engines.addAll(server.engines());
    }

    Eventually.until(
        "no engine is held",
        () -> engines.stream().allMatch(engine -> ((ReferenceCounted) engine).refCnt() == 0));
  }

  @Test
  void whatIsPreparedServes() throws Exception {
    try (var tls = Kind.BORING_SSL.newTls()) {
      tls.prepare(List.of("http/1.1"));
      try (var server = TlsServer.start(LOOP, tls, "connect.example")) {
        assertThat(curl("api.example", server)).isEqualTo(new Commands.Said(0, TlsServer.BODY));
      }
    }
  }

  @Test
  void aConnectionOutlivesTheContext() throws Exception {
    var tls = Kind.BORING_SSL.newTls();
    try (var server = TlsServer.start(LOOP, tls, "connect.example");
        var socket = jdkSocket(server, "api.example")) {
      socket.startHandshake();
      tls.close();

      socket.getOutputStream().write('x');
      assertThat(socket.getInputStream().readAllBytes()).asString().endsWith(TlsServer.BODY);
    } finally {
      tls.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void afterCloseAndForTooManyProtocolListsThereIsNoHandler(Kind kind) {
    var allocator = UnpooledByteBufAllocator.DEFAULT;
    var tls = kind.newTls();
    try (tls) {
      for (int i = 0; i < 8; i++) {
        release(tls.newHandler(allocator, "a.example", List.of("protocol-" + i)).engine());
      }
      assertThatThrownBy(() -> tls.newHandler(allocator, "a.example", List.of("one-too-many")))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> tls.newHandler(allocator, "a.example", List.of("protocol-0")))
        .isInstanceOf(IllegalStateException.class);
  }

  private static void release(SSLEngine engine) {
    if (engine instanceof ReferenceCounted counted) {
      counted.release();
    }
  }
}
