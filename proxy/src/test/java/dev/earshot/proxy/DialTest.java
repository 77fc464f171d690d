package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.ScriptedOrigin;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DialTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final Duration ENOUGH = Duration.ofSeconds(20);

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.2 127.0.0.1", "127.0.0.2 127.0.0.3 ::1"})
  void anAddressThatIsSilentDoesNotHoldUpTheOthers(String addresses) throws Exception {
    List<InetAddress> all =
        Stream.of(addresses.split(" ", -1)).map(InetAddress::ofLiteral).toList();
    try (var origin =
            ScriptedOrigin.start(
                all.getLast().getHostAddress(), null, ScriptedOrigin.answering(OK));
        var silent = SilentListener.start(new InetSocketAddress(all.getFirst(), origin.port()));
        var proxy = start(named(all), ProxyTimeouts.DEFAULT);
        var client = proxy.client()) {
      client.send(get("name.test:" + silent.port()));
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      var response = proxy.traffic().await(TrafficEvent.ResponseStarted.class);
      assertThat(response.remote())
          .isEqualTo(AddressRace.place(new InetSocketAddress(all.getLast(), origin.port())));
      var timings = proxy.traffic().await(TrafficEvent.ExchangeFinished.class).timings();
      // The next address waits for the silent one, and no longer.
      assertThat(Duration.ofNanos(timings.connect()))
          .isBetween(Duration.ofMillis(240), Duration.ofSeconds(15));
      assertThat(timings.dns()).isNotNegative();
    }
  }

  @Test
  void anAddressThatRefusesIsFollowedAtOnce() throws Exception {
    // In turns of 250 ms they would take more than the time-out.
    List<InetAddress> all =
        IntStream.rangeClosed(1, AddressOrder.MOST)
            .mapToObj(i -> InetAddress.ofLiteral("127.0.0." + (AddressOrder.MOST + 1 - i)))
            .toList();
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = start(named(all), connect(Duration.ofSeconds(3)));
        var client = proxy.client()) {
      client.send(get("name.test:" + origin.port()));
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void theFirstFailureIsToldWhenAllAddressesFail() throws Exception {
    int port;
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK))) {
      port = origin.port();
    }
    List<InetAddress> all =
        Stream.of("127.0.0.3", "::1", "127.0.0.4").map(InetAddress::ofLiteral).toList();
    try (var proxy = start(named(all), ProxyTimeouts.DEFAULT);
        var client = proxy.client()) {
      client.send(get("name.test:" + port));
      assertThat(client.readHead()).startsWith("HTTP/1.1 502");
      var failed = proxy.traffic().await(TrafficEvent.ExchangeFailed.class);
      assertThat(failed.error()).isEqualTo(FailureKind.CONNECT);
      assertThat(failed.detail())
          .isEqualTo(
              "cannot connect to name.test:%d: connection refused (127.0.0.3:%d)"
                  .formatted(port, port));
    }
  }

  @Test
  void aTargetIsNotDialledAnyMoreWhenItsClientHasGone() throws Exception {
    try (var silent = SilentListener.start();
        var proxy = start(named(List.of(silent.listener().getInetAddress())), connect(ENOUGH))) {
      try (var client = proxy.client()) {
        client.send(get("name.test:" + silent.port()));
        proxy.traffic().await(TrafficEvent.ExchangeStarted.class);
        client.reset();
      }
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).error())
          .isEqualTo(FailureKind.CLIENT_GONE);
    }
  }

  @Test
  void oneDialTooManyFailsAtOnce() throws Exception {
    try (var silent = SilentListener.start();
        var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy =
            RunningProxy.start(plan -> RunningProxy.with(plan, ProxyLimits.DEFAULT.withDials(1)))) {
      long before = silent.dials();
      try (var first = proxy.client();
          var second = proxy.client()) {
        first.send(get("127.0.0.1:" + silent.port()));
        silent.awaitDials(before + 1);
        second.send(get("127.0.0.1:" + origin.port()));
        assertThat(second.readHead()).startsWith("HTTP/1.1 502");
        assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).detail())
            .endsWith(": too many connections are being made (the limit is 1)");
        first.reset();
      }
      Eventually.until(
          "there is room for another",
          () -> {
            try (var third = proxy.client()) {
              return third
                  .send(get("127.0.0.1:" + origin.port()))
                  .readHead()
                  .startsWith("HTTP/1.1 200");
            }
          });
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aNameThatIsNotAnsweredForHasATimeOutOfItsOwn(boolean shorterThanConnect) throws Exception {
    var quick = Duration.ofMillis(100);
    var timeouts =
        shorterThanConnect ? ProxyTimeouts.DEFAULT.withDns(quick) : connect(quick).withDns(ENOUGH);
    var gate = new CountDownLatch(1);
    Resolver.Names silent =
        host -> {
          try {
            gate.await();
          } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
          }
          throw new UnknownHostException(host);
        };
    try (var proxy = start(silent, timeouts);
        var client = proxy.client()) {
      client.send(get("name.test"));
      assertThat(client.readHead()).startsWith("HTTP/1.1 502").contains("earshot-error: dns\r\n");
      var failed = proxy.traffic().await(TrafficEvent.ExchangeFailed.class);
      assertThat(failed.error()).isEqualTo(FailureKind.DNS);
      assertThat(failed.detail())
          .startsWith("cannot connect to name.test:80: no answer about the name within ");
      gate.countDown();
    }
  }

  @Test
  void aNameWithoutAnAddressIsSaidToHaveNone() throws Exception {
    try (var proxy =
            start(
                host -> {
                  throw new UnknownHostException(host);
                },
                ProxyTimeouts.DEFAULT);
        var client = proxy.client()) {
      client.send(get("name.test"));
      assertThat(client.readHead()).startsWith("HTTP/1.1 502").contains("earshot-error: dns\r\n");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).detail())
          .isEqualTo("cannot connect to name.test:80: no address for the name");
    }
  }

  private static RunningProxy start(Resolver.Names names, ProxyTimeouts timeouts)
      throws ProxyStartException {
    return RunningProxy.start(
        plan -> RunningProxy.with(plan, timeouts), List.of(), Transport.best().with(names));
  }

  private static ProxyTimeouts connect(Duration time) {
    return ProxyTimeouts.DEFAULT.withConnect(time);
  }

  private static Resolver.Names named(List<InetAddress> addresses) {
    return host -> addresses.toArray(InetAddress[]::new);
  }

  private static String get(String authority) {
    return "GET http://" + authority + "/ HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
  }
}
