package dev.earshot.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCounted;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SslContextsTest {
  private static SslContexts newContexts() {
    return new SslContexts(
        () -> SslProvider.OPENSSL_REFCNT, SslContextBuilder::forClient, Optional.empty());
  }

  @Test
  void thereIsOneContextForEachListOfProtocols() {
    try (var contexts = newContexts()) {
      SslContext one = contexts.of(List.of("h2", "http/1.1"));

      assertThat(contexts.of(List.of("h2", "http/1.1"))).isSameAs(one);
      assertThat(contexts.of(List.of("http/1.1"))).isNotSameAs(one);
      assertThat(one.applicationProtocolNegotiator().protocols()).containsExactly("h2", "http/1.1");
      assertThat(contexts.of(List.of()).applicationProtocolNegotiator().protocols()).isEmpty();
    }
  }

  @Test
  void sessionsAreBounded() {
    try (var contexts = newContexts()) {
      SslContext one = contexts.of(List.of("h2"));

      assertThat(one.sessionCacheSize()).isEqualTo(1_024);
      assertThat(one.sessionTimeout()).isEqualTo(3_600);
    }
  }

  @Test
  void closingFreesEveryContextOnce() {
    var contexts = newContexts();
    List<SslContext> all = List.of(contexts.of(List.of("h2")), contexts.of(List.of("http/1.1")));

    contexts.close();
    contexts.close();

    assertThat(all).allSatisfy(one -> assertThat(((ReferenceCounted) one).refCnt()).isZero());
  }
}
