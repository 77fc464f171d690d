package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.ScriptedOrigin;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UpstreamProxiesTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String THEIRS = "Proxy-Authorization: Basic eA==\r\n";
  private static final String CREDENTIALS = "Proxy-Authorization: Basic dTpw\r\n";

  @Test
  void httpGoesToTheOtherProxyInAbsoluteForm() throws Exception {
    Queue<String> seen = new ConcurrentLinkedQueue<>();
    try (var other =
            ScriptedOrigin.start(connection -> {
              seen.add(connection.readHead());
              connection.send(OK);
            });
        var proxy = RunningProxy.start(plan -> RunningProxy.with(plan, through(other, "")));
        var client = proxy.client()) {
      client.send("GET http://example.test/a HTTP/1.1\r\nHost: example.test\r\n" + THEIRS + "\r\n");
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      assertThat(seen)
          .containsExactly(
              "GET http://example.test/a HTTP/1.1\r\nHost: example.test\r\n"
                  + CREDENTIALS
                  + "\r\n");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aTunnelGoesThroughTheOtherProxyWithWhatComesWithItsAnswer(boolean intercepted)
      throws Exception {
    try (var other =
            ScriptedOrigin.start(connection -> {
              assertThat(connection.readHead())
                  .startsWith("CONNECT example.test:25 HTTP/1.1\r\nHost: example.test:25\r\n")
                  .contains(CREDENTIALS);
              connection.send("HTTP/1.1 200 Made\r\n\r\n220 ready\r\n");
              connection.send(connection.read(4));
            });
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(
                    RunningProxy.with(plan, through(other, "")),
                    intercepted ? plan.interception() : new Interception.Off(),
                    plan.passthrough()));
        var client = proxy.client()) {
      assertThat(client.connect("example.test:25")).startsWith("HTTP/1.1 200");
      assertThat(client.read(11)).isEqualTo("220 ready\r\n");
      client.send("ping");
      assertThat(client.readAll()).isEqualTo("ping");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          HTTP/1.1 407 Who are you%r%n%r%n | 407 Who are you
          HTTP/1.1 502 Bad%r%n%r%n         | 502 Bad
          nonsense%r%n%r%n                 | malformed
          ''                               | closed
          """)
  void aRefusedTunnelIsAnHonest502(String answer, String said) throws Exception {
    try (var other =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send(HeadParserTest.unescaped(answer));
            });
        var proxy = RunningProxy.start(plan -> RunningProxy.with(plan, through(other, "")));
        var client = proxy.client()) {
      assertThat(client.connect("example.test:443")).startsWith("HTTP/1.1 502");
      assertThat(client.readAll())
          .contains("upstream proxy 127.0.0.1:" + other.port(), said)
          .doesNotContain("u:p");
      var failed = proxy.traffic().await(TrafficEvent.ExchangeFailed.class);
      assertThat(failed.error()).isEqualTo(FailureKind.CONNECT);
      assertThat(failed.detail()).contains(said);
    }
  }

  @Test
  void whatNoProxyNamesIsReachedDirectly() throws Exception {
    try (var other = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy =
            RunningProxy.start(plan -> RunningProxy.with(plan, through(other, "127.0.0.0/8")));
        var client = proxy.client()) {
      client.send("GET http://127.0.0.1:" + origin.port() + "/ HTTP/1.1\r\nHost: x\r\n\r\n");
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      assertThat(other.connections()).isZero();
      assertThat(origin.connections()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''                     | example.com       | 80   | false
          *                      | example.com       | 80   | true
          example.com            | example.com       | 80   | true
          example.com            | EXAMPLE.com.      | 80   | true
          EXAMPLE.com            | www.example.com   | 80   | true
          example.com            | badexample.com    | 80   | false
          .example.com           | example.com       | 80   | false
          .example.com           | www.example.com   | 80   | true
          *.example.com          | a.b.example.com   | 80   | true
          *.example.com          | example.com       | 80   | false
          example.com:8080       | example.com       | 8080 | true
          example.com:8080       | example.com       | 80   | false
          'a.test, b.test'       | b.test            | 80   | true
          'a.test b.test'        | b.test            | 80   | true
          10.0.0.1               | 10.0.0.1          | 80   | true
          10.0.0.1               | 10.0.0.10         | 80   | false
          10.0.0.1:81            | 10.0.0.1          | 80   | false
          10.0.0.0/8             | 10.200.3.4        | 80   | true
          10.0.0.0/8             | 11.0.0.1          | 80   | false
          10.0.0.0/9             | 10.128.0.1        | 80   | false
          10.0.0.0/33            | 10.0.0.1          | 80   | false
          0.0.0.0/0              | 192.0.2.1         | 80   | true
          ::1                    | ::1               | 80   | true
          [::1]:81               | ::1               | 81   | true
          [::1]:81               | ::1               | 80   | false
          fd00::/8               | fd12::1           | 80   | true
          fd00::/8               | fe12::1           | 80   | false
          '!, ,/8,a.test'        | a.test            | 80   | true
          """)
  void noProxyNamesHosts(String list, String host, int port, boolean direct) {
    var proxies = usable(UpstreamProxies.explicit("http://p.test:3128", list));
    assertThat(proxies.decide("http", host, port) instanceof UpstreamProxies.Way.Direct)
        .isEqualTo(direct);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          http_proxy=http://a:1                        | http  | a:1
          HTTP_PROXY=http://a:1                        | http  | a:1
          http_proxy=http://a:1;HTTP_PROXY=http://b:2  | http  | a:1
          http_proxy=;HTTP_PROXY=http://b:2            | http  | ''
          http_proxy=http://a:1                        | https | ''
          https_proxy=a:1                              | https | a:1
          https_proxy=a                                | https | a:80
          ALL_PROXY=http://a:1/                        | https | a:1
          all_proxy=http://a:1;https_proxy=http://b:2  | https | b:2
          all_proxy=socks5://a:1;http_proxy=http://b:2;https_proxy=http://b:2 | http | b:2
          http_proxy=http://[::1]:3                    | http  | [::1]:3
          http_proxy=http://a:1;no_proxy=x.test        | http  | ''
          """)
  void theEnvironmentNamesProxies(String variables, String scheme, String proxy) {
    var proxies = usable(UpstreamProxies.fromEnvironment(environment(variables)));
    String found =
        proxies.decide(scheme, "x.test", 80) instanceof UpstreamProxies.Way.Through(var through)
            ? through.toString()
            : "";
    assertThat(found).isEqualTo(proxy);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "socks://u:secret@h:1",
        "https://u:sec/secret@h:x",
        "http://u:secret",
        "http://u:secret@h:x",
        "http://u:secret@"
      })
  void whatCannotBeUsedIsSaidWithoutItsCredentials(String url) {
    assertThat(UpstreamProxies.explicit(url, ""))
        .isInstanceOfSatisfying(
            UpstreamProxies.Parsed.Unusable.class,
            unusable -> assertThat(unusable.why()).doesNotContain("secret"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          example.com        | example.com       | 443  | true
          Example.COM        | example.com.      | 443  | true
          example.com        | www.example.com   | 443  | false
          *.example.com      | www.example.com   | 443  | true
          *.example.com      | example.com       | 443  | false
          *                  | anything.test     | 1    | true
          a*b*c.test         | axxbyyc.test      | 443  | true
          a*b*c.test         | axxcyyb.test      | 443  | false
          example.com:8443   | example.com       | 8443 | true
          example.com:8443   | example.com       | 443  | false
          10.0.0.*           | 10.0.0.77         | 443  | true
          ::1                | ::1               | 443  | true
          [::1]:443          | ::1               | 443  | true
          [::1]:443          | ::1               | 444  | false
          """)
  void aPatternNamesHosts(String pattern, String host, int port, boolean matches) {
    assertThat(HostPattern.of(pattern).matches(host, port)).isEqualTo(matches);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          plain text                     | plain text
          <e9><4e2d>                     | <e9><4e2d>
          a<1b>[31mb                     | a?[31mb
          a<d><a>b                       | a??b
          a<0>b<7f>c<9b>d                | a?b?c?d
          a<202e>b<2066>c<200f>d<61c>e   | a?b?c?d?e
          a<2028>b<2029>c                | a?b?c
          """)
  void textFromTheWireIsMadeHarmless(String raw, String printable) {
    assertThat(Text.printable(characters(raw))).isEqualTo(characters(printable));
  }

  @Test
  void textFromTheWireIsBounded() {
    assertThat(Text.printable("x".repeat(100_000))).hasSize(500);
  }

  /** {@code <1b>} stands for the character with that number. */
  private static String characters(String text) {
    return Pattern.compile("<([0-9a-f]+)>")
        .matcher(text)
        .replaceAll(match ->
            Matcher.quoteReplacement(Character.toString(Integer.parseInt(match.group(1), 16))));
  }

  private static UpstreamProxies through(ScriptedOrigin other, String noProxy) {
    return usable(UpstreamProxies.explicit("http://u:p@127.0.0.1:" + other.port(), noProxy));
  }

  private static UpstreamProxies usable(UpstreamProxies.Parsed parsed) {
    assertThat(parsed).isInstanceOf(UpstreamProxies.Parsed.Usable.class);
    return ((UpstreamProxies.Parsed.Usable) parsed).proxies();
  }

  private static Map<String, String> environment(String variables) {
    var map = new HashMap<String, String>();
    for (String variable : variables.split(";", -1)) {
      int equals = variable.indexOf('=');
      map.put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    return map;
  }
}
