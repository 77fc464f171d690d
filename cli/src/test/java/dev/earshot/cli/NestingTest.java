package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.proxy.UpstreamProxies;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NestingTest {
  private static final Map<String, String> INSIDE = Map.of("EARSHOT_SESSION", "20260101-abc");

  @Test
  void namesTheSessionAndTheProxyThatCallsGoOnThrough() {
    assertThat(Nesting.notice(INSIDE, through("http://me:secret@127.0.0.1:8080")))
        .hasValue("inside session 20260101-abc: calls go on through the proxy at 127.0.0.1:8080");
    assertThat(Nesting.notice(INSIDE, through("http://[::1]:8080")).orElse(""))
        .endsWith(" [::1]:8080");
  }

  @Test
  void nothingIsSaidOutsideOfASessionOrPastItsProxy() {
    Optional<String> nothing = Optional.empty();
    assertThat(Nesting.notice(Map.of(), through("http://127.0.0.1:8080"))).isEqualTo(nothing);
    assertThat(Nesting.notice(Map.of("EARSHOT_SESSION", ""), through("http://127.0.0.1:8080")))
        .isEqualTo(nothing);
    assertThat(Nesting.notice(INSIDE, UpstreamProxies.NONE)).isEqualTo(nothing);
  }

  private static UpstreamProxies through(String url) {
    return switch (UpstreamProxies.explicit(url, "")) {
      case UpstreamProxies.Parsed.Usable(var proxies) -> proxies;
      case UpstreamProxies.Parsed.Unusable(var why) -> throw new AssertionError(why);
    };
  }
}
