package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.ScriptedOrigin;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyAuthTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String SECRET = "pässword";
  private static final ProxyCredentials CREDENTIALS = ProxyCredentials.parse("user:" + SECRET);
  private static final String RIGHT = basic("user:" + SECRET);
  private static final String CHALLENGE = "Proxy-Authenticate: Basic realm=\"earshot\"";

  @Test
  void aPlainRequestNeedsThem() throws Exception {
    List<String> heads = new CopyOnWriteArrayList<>();
    try (var origin =
            ScriptedOrigin.start(connection -> {
              heads.add(connection.readHead());
              connection.send(OK);
            });
        var proxy = start()) {
      try (var client = proxy.client()) {
        client.send(get(origin, ""));
        assertThat(client.readHead())
            .startsWith("HTTP/1.1 407 Proxy Authentication Required\r\n")
            .contains(CHALLENGE);
        assertThat(client.readAll()).contains("needs a name and a password");
      }
      assertThat(heads).isEmpty();
      assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class).error())
          .isEqualTo("proxy_auth");
      try (var client = proxy.client()) {
        client.send(get(origin, "Proxy-Authorization: " + RIGHT + "\r\n"));
        assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      }
      assertThat(heads).singleElement().asString().doesNotContainIgnoringCase("authorization");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class).request().headers())
          .contains(new Header("Proxy-Authorization", "***"));
      assertThat(proxy.traffic().toString()).doesNotContain(RIGHT.substring(6));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "user",
        "user:",
        "user:passwor",
        "user:password",
        "userx:pässword",
        "user:pässwordx",
      })
  void wrongOnesAreRefused(String shown) throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = start();
        var client = proxy.client()) {
      client.send(get(origin, "Proxy-Authorization: " + basic(shown) + "\r\n"));
      assertThat(client.readAll()).startsWith("HTTP/1.1 407");
      assertThat(origin.connections()).isZero();
    }
  }

  @Test
  void whatIsNoSuchHeaderIsRefused() throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = start()) {
      String bare = RIGHT.substring(6);
      for (String lines :
          List.of(
              "Authorization: " + RIGHT,
              "Proxy-Authorization: Bearer " + bare,
              "Proxy-Authorization: Basic",
              "Proxy-Authorization: Basic ***",
              "Proxy-Authorization: Basic " + bare + "=",
              "Proxy-Authorization: " + RIGHT + "\r\nProxy-Authorization: " + RIGHT)) {
        try (var client = proxy.client()) {
          assertThat(client.send(get(origin, lines + "\r\n")).readAll()).startsWith("HTTP/1.1 407");
        }
      }
    }
  }

  @Test
  void aConnectNeedsThemOnce() throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = start()) {
      String authority = "127.0.0.1:" + origin.port();
      try (var client = proxy.client()) {
        assertThat(client.connect(authority)).startsWith("HTTP/1.1 407").contains(CHALLENGE);
      }
      try (var client = proxy.client()) {
        client.send(
            "CONNECT %s HTTP/1.1\r\nHost: %s\r\nproxy-authorization: basic %s\r\n\r\n"
                .formatted(authority, authority, RIGHT.substring(6)));
        assertThat(client.readHead()).startsWith("HTTP/1.1 200");
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      }
    }
  }

  @Test
  void http2NeedsThemOnEachStream() throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = start();
        var client = Http2Peer.client(proxy.client().socket())) {
      String authority = "127.0.0.1:" + origin.port();
      client.headers(1, Http2Peer.END_STREAM, head(authority));
      assertThat(client.await(Http2Peer.HEADERS).headers())
          .containsEntry(":status", "407")
          .containsKey("proxy-authenticate");
      client.headers(3, Http2Peer.END_STREAM, head(authority, "proxy-authorization", RIGHT));
      assertThat(client.await(Http2Peer.HEADERS).headers()).containsEntry(":status", "200");
      assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class).error())
          .isEqualTo("proxy_auth");
      assertThat(proxy.traffic().toString()).doesNotContain(RIGHT.substring(6));
    }
  }

  private static String[] head(String authority, String... more) {
    String[] head = {":method", "GET", ":scheme", "http", ":authority", authority, ":path", "/"};
    return Stream.of(head, more).flatMap(Arrays::stream).toArray(String[]::new);
  }

  @Test
  void socks5NeedsThem() throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = start()) {
      String request =
          "\5\1\0\1\177\0\0\1" + (char) (origin.port() >> 8) + (char) (origin.port() & 255);
      checkSocks(proxy, "\5\2\0\1", "\5\377", 1);
      checkSocks(proxy, "\5\2\0\2" + login("user", "wrong"), "\5\2\1\1", 2);
      checkSocks(proxy, "\5\1\2" + login("", ""), "\5\2\1\1", 3);
      checkSocks(proxy, "\4\1\0\120\177\0\0\1user\0", "\0\133\0\0\0\0\0\0", 4);
      try (var client = proxy.client()) {
        client.send("\5\2\0\2" + login("user", utf8(SECRET)) + request);
        assertThat(client.read(14)).isEqualTo("\5\2\1\0\5\0\0\1\0\0\0\0\0\0");
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      }
    }
  }

  private static void checkSocks(RunningProxy proxy, String sent, String answer, int count)
      throws IOException {
    try (var client = proxy.client()) {
      assertThat(client.send(sent).readAll()).isEqualTo(answer);
      var refused = proxy.traffic().await(TrafficEvent.ConnectionRefused.class, count);
      assertThat(refused.error()).isEqualTo("proxy_auth");
    }
  }

  @Test
  void theSessionsOwnNeedNone() throws Exception {
    var own = new ClientProcess(OptionalLong.of(42), Optional.of("curl"), true);
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(
                    RunningProxy.with(plan, CREDENTIALS),
                    (client, listener) -> new ClientAnswer.Allowed(own)))) {
      try (var client = proxy.client()) {
        client.send(get(origin, ""));
        assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      }
      // With what is in its variables it may come too, and whatever else it shows.
      for (String hello : List.of("\5\1\0", "\5\1\2" + login("any", "thing"))) {
        try (var client = proxy.client()) {
          String answer = hello.length() == 3 ? "\5\0" : "\5\2\1\0";
          assertThat(client.send(hello).read(answer.length())).isEqualTo(answer);
        }
      }
    }
  }

  @Test
  void whoDoesNotShowThemInTimeHasToGo() throws Exception {
    var hello = "\5\1\2" + login("user", utf8(SECRET));
    try (var proxy =
        RunningProxy.start(plan ->
            RunningProxy.with(
                RunningProxy.with(plan, CREDENTIALS),
                ProxyTimeouts.DEFAULT.withAdmission(Duration.ofMillis(500))))) {
      try (var known = proxy.client();
          var stranger = proxy.client()) {
        assertThat(known.send(hello).read(4)).isEqualTo("\5\2\1\0");
        assertThat(stranger.send("GET / HT").readAll()).isEmpty();
        assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class).detail())
            .contains("in time");
        // It was here before, and is there still.
        assertThat(known.send("\5\2\0\1\0\0\0\0\0\0").read(2)).isEqualTo("\5\7");
      }
    }
  }

  @Test
  void aProxyWithoutThemOffersNone() throws Exception {
    try (var proxy = RunningProxy.start();
        var client = proxy.client()) {
      assertThat(client.send("\5\1\2").readAll()).isEqualTo("\5\377");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "user", ":secret", "user:sec\nret", "us\u0085er:secret", "user:\0"})
  void whatCannotBeSentIsRefused(String text) {
    assertThatThrownBy(() -> ProxyCredentials.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("secret");
  }

  /** What {@code "$USER:$(openssl rand -hex 16)"} is without openssl. */
  @Test
  void anEmptyPasswordIsNone() {
    assertThatThrownBy(() -> ProxyCredentials.parse("u:")).hasMessage("the password is empty");
  }

  @Test
  void eachPartIsAsLongAsSocksHasRoomFor() {
    assertThat(ProxyCredentials.parse("u".repeat(255) + ":" + "p".repeat(255))).isNotNull();
    assertThatThrownBy(() -> ProxyCredentials.parse("u:" + "ü".repeat(128)))
        .hasMessageContaining("255 bytes");
  }

  @Test
  void aUrlHasThemEncoded() {
    assertThat(ProxyCredentials.parse("a b:c:d@/%ü").userInfo())
        .isEqualTo("a%20b:c%3Ad%40%2F%25%C3%BC");
    assertThat(ProxyCredentials.parse("user:secret")).asString().doesNotContain("secret");
  }

  private static RunningProxy start() throws ProxyStartException {
    return RunningProxy.start(plan -> RunningProxy.with(plan, CREDENTIALS));
  }

  private static String get(ScriptedOrigin origin, String lines) {
    String authority = "127.0.0.1:" + origin.port();
    return "GET http://%s/ HTTP/1.1\r\nHost: %s\r\n%s\r\n".formatted(authority, authority, lines);
  }

  private static String basic(String text) {
    return "Basic " + Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }

  private static String login(String user, String password) {
    return "\1" + (char) user.length() + user + (char) password.length() + password;
  }

  /** The bytes of a text, one a char. */
  private static String utf8(String text) {
    return new String(text.getBytes(UTF_8), ISO_8859_1);
  }
}
