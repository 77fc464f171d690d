package dev.earshot.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.TestCa;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCounted;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The proxy's client side meets good and bad servers, with both providers of TLS. */
class UpstreamTlsTest {
  private static final TestCa CA = TestCa.create("Good CA");
  private static final EventLoopGroup LOOP =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

  enum Kind {
    JDK(SslProvider.JDK),
    BORING_SSL(SslProvider.OPENSSL_REFCNT);

    private final SslProvider provider;

    Kind(SslProvider provider) {
      this.provider = provider;
    }
  }

  @BeforeAll
  static void startTheLoop() {
    LOOP.submit(() -> {}).syncUninterruptibly();
  }

  @AfterAll
  static void stopTheLoop() {
    LOOP.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private static UpstreamTls tls(
      Kind kind, List<X509Certificate> anchors, Predicate<String> insecure) {
    return new UpstreamTls(
        () -> anchors,
        (host, _) -> insecure.test(host),
        (host, port) -> Optional.empty(),
        Optional.empty(),
        () -> kind.provider);
  }

  private static UpstreamTls tls(Kind kind) {
    return tls(kind, List.of(CA.certificate()), host -> false);
  }

  /** Why a handshake with the server failed; null if it did not. */
  private static @Nullable Throwable handshake(UpstreamTls tls, String host, int port) {
    SslHandler handler = tls.newHandler(ByteBufAllocator.DEFAULT, host, port, List.of("http/1.1"));
    Channel channel =
        new Bootstrap()
            .group(LOOP)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(handler, new Quiet());
                  }
                })
            .connect(InetAddress.getLoopbackAddress(), port)
            .syncUninterruptibly()
            .channel();
    Throwable failure = handler.handshakeFuture().awaitUninterruptibly().cause();
    channel.close().syncUninterruptibly();
    if (handler.engine() instanceof ReferenceCounted counted) {
      Eventually.until("the engine is freed", () -> counted.refCnt() == 0);
    }
    return failure;
  }

  private static String explained(UpstreamTls tls, String host, int port) {
    Throwable failure = handshake(tls, host, port);
    return failure == null ? "" : UpstreamTls.explain(failure, host);
  }

  private static final class Quiet extends SimpleChannelInboundHandler<ByteBuf> {
    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf greeting) {}

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
      // The handshake's future tells it.
    }
  }

  /** A server, what it is asked as, and what people are told; empty if all is well. */
  record Case(String what, SSLContext server, String host, String told) {
    @Override
    public String toString() {
      return what;
    }
  }

  static Stream<Case> cases() {
    String tryIt = "; try: --insecure=api.example or --passthrough api.example";
    String tryCa = "; try: --upstream-ca FILE, --insecure=api.example or --passthrough api.example";
    TestCa stranger = TestCa.create("Stranger \u001b[31m\u202e CA");
    return Stream.of(
        new Case("right", CA.serverContext("api.example"), "api.example", ""),
        new Case(
            "right among others", CA.serverContext("a.example", "api.example"), "api.example", ""),
        new Case("upper case, dot", CA.serverContext("api.example"), "API.Example.", ""),
        new Case("wildcard", CA.serverContext("*.example.com"), "api.example.com", ""),
        new Case("no dot", CA.serverContext("web"), "web", ""),
        new Case("IDN", CA.serverContext("xn--bcher-kva.example"), "xn--bcher-kva.example", ""),
        new Case("IPv4", CA.serverContext("127.0.0.1"), "127.0.0.1", ""),
        new Case("IPv6", CA.serverContext("::1"), "[::1]", ""),
        new Case(
            "wrong IPv4",
            CA.serverContext("127.0.0.2", "localhost"),
            "127.0.0.1",
            "the certificate is not for 127.0.0.1, but for 127.0.0.2, localhost; try:"
                + " --insecure=127.0.0.1 or --passthrough 127.0.0.1"),
        new Case(
            "wrong name",
            CA.serverContext("other.example", "127.0.0.1"),
            "api.example",
            "the certificate is not for api.example, but for other.example, 127.0.0.1" + tryIt),
        new Case(
            "many wrong names",
            CA.serverContext("a", "b", "c", "d", "e", "f", "g"),
            "api.example",
            "the certificate is not for api.example, but for a, b, c, d, e and 2 more" + tryIt),
        new Case(
            "unknown issuer",
            stranger.serverContext("api.example"),
            "api.example",
            "the certificate of api.example was issued by an unknown authority (CN=Stranger ?[31m?"
                + " CA), and no intermediate certificate was sent"
                + tryCa),
        new Case(
            "self-signed",
            TestCa.selfSigned("api.example").context(),
            "api.example",
            "the certificate of api.example is self-signed (CN=api.example)" + tryCa));
  }

  static Stream<Arguments> kindsAndCases() {
    return Stream.of(Kind.values()).flatMap(kind -> cases().map(one -> Arguments.of(kind, one)));
  }

  @ParameterizedTest
  @MethodSource("kindsAndCases")
  void aServerIsVerifiedAndWhatIsWrongIsSaid(Kind kind, Case one) throws Exception {
    try (var origin = TlsOrigin.start(one.server());
        var tls = tls(kind)) {
      assertThat(explained(tls, one.host(), origin.port())).isEqualTo(one.told());
    }
  }

  @ParameterizedTest
  @EnumSource
  void expiredAndEarlyCertificatesAreDated(Kind kind) throws Exception {
    var old = CA.expired("api.example");
    var early = CA.notYetValid("api.example");
    try (var oldOrigin = TlsOrigin.start(old.context());
        var earlyOrigin = TlsOrigin.start(early.context());
        var tls = tls(kind)) {
      assertThat(explained(tls, "api.example", oldOrigin.port()))
          .isEqualTo(
              "a certificate of api.example expired on %s (O=A test server); try:"
                  + " --insecure=api.example or --passthrough api.example",
              old.chain().getFirst().getNotAfter().toInstant());
      assertThat(explained(tls, "api.example", earlyOrigin.port()))
          .isEqualTo(
              "a certificate of api.example is not valid before %s (O=A test server); try:"
                  + " --insecure=api.example or --passthrough api.example",
              early.chain().getFirst().getNotBefore().toInstant());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSelfSignedServerThatIsAnAnchorIsTrusted(Kind kind) throws Exception {
    var server = TestCa.selfSigned("api.example");
    try (var origin = TlsOrigin.start(server.context());
        var tls = tls(kind, server.chain(), host -> false)) {
      assertThat(handshake(tls, "api.example", origin.port())).isNull();
    }
  }

  @ParameterizedTest
  @EnumSource
  void withoutAnchorsNobodyIsTrusted(Kind kind) throws Exception {
    try (var origin = TlsOrigin.start(CA.serverContext("api.example"));
        var tls = tls(kind, List.of(), host -> false)) {
      assertThat(explained(tls, "api.example", origin.port()))
          .startsWith(
              "the certificate of api.example was issued by an unknown authority (CN=Good CA)");
    }
  }

  @ParameterizedTest
  @EnumSource
  void anInsecureHostIsNotVerifiedAndOthersAre(Kind kind) throws Exception {
    var expired = TestCa.create().expired("other.example").context();
    try (var origin = TlsOrigin.start(expired);
        var tls = tls(kind, List.of(CA.certificate()), "api.example"::equals)) {
      assertThat(handshake(tls, "API.example.", origin.port())).isNull();
      assertThat(handshake(tls, "other.example", origin.port())).isNotNull();
    }
  }

  @ParameterizedTest
  @EnumSource
  void theAnchorsAreAskedForWhenFirstNeededAndOnce(Kind kind) throws Exception {
    var asked = new AtomicInteger();
    try (var origin = TlsOrigin.start(CA.serverContext("api.example"));
        var tls =
            new UpstreamTls(
                () -> {
                  asked.incrementAndGet();
                  return List.of(CA.certificate());
                },
                (host, port) -> false,
                (host, port) -> Optional.empty(),
                Optional.empty(),
                () -> kind.provider)) {
      assertThat(asked).hasValue(0);
      tls.prepare(List.of("http/1.1"));
      assertThat(asked).hasValue(1);
      handshake(tls, "api.example", origin.port());
      handshake(tls, "api.example", origin.port());
      assertThat(asked).hasValue(1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void namesAreSentAndAddressesAreNot(Kind kind) throws Exception {
    try (var origin = TlsOrigin.start(CA.serverContext("api.example", "web", "127.0.0.1"));
        var tls = tls(kind)) {
      for (String host : List.of("api.example", "web", "127.0.0.1")) {
        assertThat(handshake(tls, host, origin.port())).isNull();
      }
      assertThat(origin.requestedNames())
          .containsExactly(
              "[type=host_name (0), value=api.example]", "[type=host_name (0), value=web]", "[]");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aServerWithoutTlsIsSaidToBeOne(Kind kind) throws Exception {
    try (var origin = TlsOrigin.plain();
        var tls = tls(kind)) {
      assertThat(explained(tls, "api.example", origin.port()))
          .isEqualTo("api.example does not speak TLS on this port; try: --passthrough api.example");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aServerThatClosesIsSaidToHaveClosed(Kind kind) throws Exception {
    try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var tls = tls(kind)) {
      Thread closing =
          Thread.ofVirtual()
              .start(() -> {
                try (var client = listener.accept()) {
                  client.getInputStream().read();
                  client.shutdownOutput();
                  client.getInputStream().readAllBytes();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      assertThat(explained(tls, "api.example", listener.getLocalPort()))
          .isEqualTo(
              "api.example closed the connection during the TLS handshake; try: --passthrough"
                  + " api.example");
      closing.join();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aServerOfTls11IsSaidToHaveNoVersionInCommon(Kind kind, @TempDir Path directory)
      throws Exception {
    var files = CA.write(directory, "api.example");
    Process server =
        new ProcessBuilder(
                "openssl",
                "s_server",
                "-accept",
                "127.0.0.1:0",
                "-tls1_1",
                "-cipher",
                "ALL:@SECLEVEL=0",
                "-cert",
                files.certificate().toString(),
                "-key",
                files.key().toString(),
                "-naccept",
                "1")
            .redirectErrorStream(true)
            .start();
    try (var output = server.inputReader();
        var tls = tls(kind)) {
      String line = output.readLine();
      while (line != null && !line.startsWith("ACCEPT ")) {
        line = output.readLine();
      }
      int port = Integer.parseInt(String.valueOf(line).replaceAll(".*:", ""));
      assertThat(explained(tls, "api.example", port))
          .isEqualTo(
              "api.example and earshot have no TLS version in common (earshot speaks 1.2 and 1.3);"
                  + " try: --passthrough api.example");
    } finally {
      server.getOutputStream().close();
      server.destroyForcibly().onExit().join();
    }
  }

  @ParameterizedTest
  @EnumSource
  void anAlertOfTheServerIsNamed(Kind kind) throws Exception {
    SSLContext noKeys = SSLContext.getInstance("TLS");
    noKeys.init(new KeyManager[0], null, null);
    try (var origin = TlsOrigin.start(noKeys);
        var tls = tls(kind)) {
      assertThat(explained(tls, "api.example", origin.port()))
          .isEqualTo(
              "api.example refused the TLS handshake (handshake failure); try: --passthrough"
                  + " api.example");
    }
  }

  @Test
  void whateverFailsTheTextIsOneCleanLine() {
    var hostile = new SSLException("a\r\nb\u001b[2J\u202e" + "x".repeat(5_000));

    assertThat(UpstreamTls.explain(hostile, "api\u0007.example"))
        .startsWith("the TLS handshake with api?.example failed (a??b?[2J?xxx")
        .endsWith("x…); try: --passthrough api?.example")
        .hasSizeLessThan(400);
  }

  @Test
  void aServerThatIsTooSlowIsSaidToBe() {
    assertThat(UpstreamTls.explain(new SslHandshakeTimeoutException("10000ms"), "api.example"))
        .isEqualTo(
            "api.example did not finish the TLS handshake in time; try: --passthrough api.example");
  }

  @ParameterizedTest
  @EnumSource
  void anUnderscoreIsSaidToBeWhatCannotBeVerified(Kind kind) throws Exception {
    try (var origin = TlsOrigin.start(CA.serverContext("my_service"));
        var tls = tls(kind)) {
      assertThat(explained(tls, "my_service", origin.port()))
          .isEqualTo(
              "the certificate of my_service was refused (Illegal given domain name: my_service);"
                  + " try: --insecure=my_service or --passthrough my_service");
    }
  }

  @Test
  void causesInACircleEnd() {
    var one = new Exception("one");
    one.initCause(new Exception("two", one));

    assertThat(UpstreamTls.explain(one, "api.example"))
        .isEqualTo(
            "the TLS handshake with api.example failed (one); try: --passthrough api.example");
  }
}
