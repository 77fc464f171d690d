package dev.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.process.TcpSocket;
import dev.earshot.process.TcpState;
import dev.earshot.session.BypassRules.Ephemeral;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is decided about connections that go around, without a connection. */
class BypassRulesTest {
  private static final int PROXY = 39_000;
  private static final BypassRules RULES = new BypassRules(List.of(at(PROXY)), Ephemeral.DEFAULT);

  @Test
  void aConnectionThatWasMadeIsOne() {
    TcpSocket out = socket(40_000, 8080, 1);
    TcpSocket far = new TcpSocket(at(40_001), end("93.184.216.34", 443), TcpState.SYN_SENT, 0, 2);
    assertThat(RULES.made(List.of(out, far))).containsExactly(out, far);
  }

  @Test
  void theProxyAcceptedOnesAndThoseNobodyHasAreNone() {
    TcpSocket toProxy = socket(40_000, PROXY, 1);
    TcpSocket toProxyBySix =
        new TcpSocket(end("::1", 40_000), end("::1", PROXY), TcpState.ESTABLISHED, 0, 2);
    TcpSocket ofProxy = socket(PROXY, 40_000, 3);
    TcpSocket listener = listener(45_000, 4);
    TcpSocket accepted = socket(45_000, 41_000, 5);
    TcpSocket acceptedByOneThatClosed = socket(8080, 41_000, 6);
    TcpSocket closed = socket(40_003, 8080, 0);
    assertThat(
            RULES.made(
                List.of(
                    toProxy,
                    toProxyBySix,
                    ofProxy,
                    listener,
                    accepted,
                    acceptedByOneThatClosed,
                    closed)))
        .isEmpty();
  }

  @Test
  void whatStaysWithinTheTreeIsNone() {
    TcpSocket client = socket(40_000, 45_000, 1);
    TcpSocket server = socket(45_000, 40_000, 2);
    TcpSocket waiting = socket(40_001, 45_000, 3);
    TcpSocket unaccepted = socket(45_000, 40_001, 0);
    TcpSocket listener = listener(45_000, 4);
    List<TcpSocket> all = List.of(client, server, waiting, unaccepted, listener);
    assertThat(RULES.made(all)).containsExactly(client, waiting);
    var served = new BitSet();
    var within = new BypassRules.Within(all, Set.of(1L, 2L, 3L, 4L), served);
    assertThat(within.has(client)).isTrue();
    assertThat(within.has(waiting)).isTrue();
    var later = new BypassRules.Within(List.of(waiting), Set.of(3L), served);
    assertThat(later.has(waiting)).isTrue();
    var others = new BypassRules.Within(all, Set.of(1L, 3L), new BitSet());
    assertThat(others.has(client)).isFalse();
    assertThat(others.has(waiting)).isFalse();
    TcpSocket far =
        new TcpSocket(at(40_002), end("93.184.216.34", 45_000), TcpState.SYN_SENT, 0, 3);
    assertThat(later.has(far)).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"'32768\t60999\n', 32768, 60999", "'1024 65535', 1024, 65535", "'', 32768, 60999"})
  void theRangeOfPortsIsRead(String text, int first, int last) {
    assertThat(Ephemeral.parse(text)).isEqualTo(new Ephemeral(first, last));
  }

  @Test
  void aProgramIsToldByItsFile() {
    String go = "\177ELF…\4\0\0\0\123\0\0\0\4\0\0\0Go\0\0abc/def";
    assertThat(program("/app/server", go, "")).isEqualTo(new Program.Go());
    assertThat(program("/app/server (deleted)", go, "")).isEqualTo(new Program.Go());
    assertThat(program("/app/server", "\177ELF Go", "")).isEqualTo(new Program.Other());
    assertThat(program("/usr/bin/python3.11", "", "")).isEqualTo(new Program.Python());
    assertThat(program("/usr/bin/ruby3.1", "", "")).isEqualTo(new Program.Ruby());
    assertThat(program("/usr/bin/php8.2", "", "")).isEqualTo(new Program.Php());
    assertThat(program("/usr/lib/jvm/x/bin/java", "", "")).isEqualTo(new Program.Java());
    assertThat(program("/n/versions/node/v18.20.1/bin/node", "", "")).isEqualTo(node(18));
    assertThat(program("/usr/bin/node", "", "#define NODE_MAJOR_VERSION 20\n")).isEqualTo(node(20));
    assertThat(program("/usr/bin/node", "", "")).isEqualTo(new Program.Node(OptionalInt.empty()));
    assertThat(
            new ProgramFacts("/x/java", List.of("java", "-Dearshot.launch.closed=", "-jar"), "", "")
                .program())
        .isEqualTo(new Program.Earshot());
  }

  @Test
  void theHintFollowsFromProgramAndTarget() {
    Optional<String> none = Optional.empty();
    assertThat(BypassHint.of(new Program.Go(), none, true)).contains("localhost.");
    assertThat(BypassHint.of(new Program.Go(), none, false)).contains("ProxyFromEnvironment");
    assertThat(BypassHint.of(node(20), none, true))
        .startsWith("Node 20 has no")
        .contains("Node 24");
    assertThat(BypassHint.of(node(22), none, true)).contains("22.21");
    assertThat(BypassHint.of(node(24), none, true)).contains("agent");
    assertThat(BypassHint.of(new Program.Java(), none, true)).contains("createSystem");
    assertThat(BypassHint.of(new Program.Python(), none, true)).contains("trust_env");
    assertThat(BypassHint.of(new Program.Go(), Optional.of("Redis"), true))
        .isEqualTo("Redis: not HTTP");
    Stream.of(
            new Program.Go(),
            node(20),
            new Program.Node(OptionalInt.empty()),
            new Program.Java(),
            new Program.Python(),
            new Program.Ruby(),
            new Program.Php(),
            new Program.Other())
        .flatMap(it -> Stream.of(true, false).map(here -> BypassHint.of(it, none, here)))
        .forEach(hint -> assertThat(hint).hasLineCount(1).hasSizeBetween(20, 200));
  }

  @ParameterizedTest
  @CsvSource({"5432, SERVICE", "443, HTTP", "8080, HTTP", "40000, UNKNOWN"})
  void theKindFollowsFromThePort(int port, Bypass.Kind kind) {
    assertThat(WellKnownPorts.kind(port)).isEqualTo(kind);
    assertThat(WellKnownPorts.service(port).isPresent()).isEqualTo(kind == Bypass.Kind.SERVICE);
  }

  /** Looks of any cost, over an hour: their share is kept, but for what is allowed at the start. */
  @ParameterizedTest
  @CsvSource({"100", "1000", "5000", "20000", "400000"})
  void looksTakeAHundredthOfTheTime(long costMicros) {
    long cost = Duration.ofNanos(costMicros * 1000).toNanos();
    long now = 0;
    long spent = 0;
    long last = 0;
    Pace pace = Pace.START;
    while (now < Duration.ofHours(1).toNanos()) {
      long pause = pace.pause();
      assertThat(pause).isGreaterThanOrEqualTo(Pace.SHORTEST.toNanos());
      now += pause;
      assertThat(spent).isLessThanOrEqualTo(now / 100 + Duration.ofMillis(25).toNanos());
      pace = pace.after(cost, now - last);
      last = now;
      spent += cost;
    }
    long possible = Math.min(now / 100, now / Pace.SHORTEST.toNanos() * cost);
    assertThat(spent).isGreaterThan(possible * 9 / 10);
  }

  private static Program program(String executable, String beginning, String header) {
    return new ProgramFacts(executable, List.of(), beginning, header).program();
  }

  private static Program node(int version) {
    return new Program.Node(OptionalInt.of(version));
  }

  private static TcpSocket socket(int local, int remote, long inode) {
    return new TcpSocket(at(local), at(remote), TcpState.ESTABLISHED, 0, inode);
  }

  private static TcpSocket listener(int port, long inode) {
    return new TcpSocket(end("0.0.0.0", port), end("0.0.0.0", 0), TcpState.LISTEN, 0, inode);
  }

  private static InetSocketAddress at(int port) {
    return end("127.0.0.1", port);
  }

  private static InetSocketAddress end(String address, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(address), port);
  }
}
