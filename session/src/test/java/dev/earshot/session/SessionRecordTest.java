package dev.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.process.KeepPattern;
import dev.earshot.process.Leftovers;
import dev.earshot.process.Machine;
import dev.earshot.process.ProcessEvent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The record of a session: what is written is what is read, and nothing hostile is believed. */
class SessionRecordTest {
  private static final String ID = "20261125-003106-4be1f2";

  @TempDir Path folder;
  private final List<SessionEvent> events = new ArrayList<>();

  static SessionRecord record(String id, Machine machine, List<KeepPattern> keep) {
    return new SessionRecord(
        id,
        "1.2.3",
        Instant.parse("2026-11-25T00:31:06.123456Z"),
        machine,
        new SessionRecord.Numbered(4711, 99),
        Leftovers.digits(id),
        Optional.empty(),
        keep,
        Optional.empty(),
        List.of());
  }

  private static SessionRecord full() {
    var plain =
        record(
            ID,
            new Machine("abc", "1-2-3", "4026531836"),
            List.of(new KeepPattern("gradle*"), new KeepPattern("a\nb\\x0a \t\"ü\u007f")));
    return new SessionRecord(
        plain.id(),
        plain.version(),
        plain.started(),
        plain.machine(),
        plain.earshot(),
        plain.mark(),
        Optional.of("/sys/fs/cgroup/a b/earshot-1"),
        plain.keep(),
        Optional.of(new InetSocketAddress(InetAddress.ofLiteral("::1"), 8080)),
        List.of(
            new SessionRecord.Run(1, new SessionRecord.Numbered(4712, 100)),
            new SessionRecord.Run(2, new SessionRecord.Numbered(4713, 101))));
  }

  private static SessionRecord.Parsed parse(String text) {
    return SessionRecord.parse(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void whatIsWrittenIsRead() {
    assertThat(parse(full().text())).isEqualTo(new SessionRecord.Parsed.Complete(full()));
    var plain = record(ID, Machine.here(), List.of());
    assertThat(parse(plain.text())).isEqualTo(new SessionRecord.Parsed.Complete(plain));
  }

  @Test
  void aTornLastLineIsLeftOut() {
    String whole = record(ID, Machine.here(), List.of()).text();
    var expected = parse(whole);
    String more = "run 1 4712 100\n";
    for (int cut = 0; cut < more.length(); cut++) {
      assertThat(parse(whole + more.substring(0, cut))).isEqualTo(expected);
    }
    assertThat(parse(whole + more)).isNotEqualTo(expected);
  }

  @Test
  void everyTruncationOfTheRequiredLinesIsRefused() {
    String text = record(ID, Machine.here(), List.of()).text();
    for (int cut = 0; cut < text.length(); cut++) {
      assertThat(parse(text.substring(0, cut)))
          .as("%s bytes", cut)
          .isInstanceOf(SessionRecord.Parsed.Refused.class);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "earshot-session 1 | earshot-session 2                 | does not begin",
        "earshot-session 1 | \"\"                              | does not begin",
        "id 2              | id ../2                           | line 2",
        "id 2              | id x2                             | line 2",
        "version 1         | version  1                        | line 3",
        "started 2         | started yesterday                 | line 4",
        "started 2026      | started 9999999999                | no time",
        "boot 1            | boot ü1                           | line 6",
        "earshot 4711      | earshot -4711                     | line 8",
        "earshot 4711      | earshot 0                         | line 8",
        "earshot 4711 99   | earshot 4711 99999999999999999999 | line 8",
        "mark 1            | mark 2                            | line 9",
        "mark 1            | mark 11                           | line 9",
        "mark              | marque                            | line 9",
        "cgroup /          | cgroup                            | line 10",
        "keep gradle*      | keep                              | line 11",
        "keep gradle*      | keep \\x0                         | line 11",
        "keep gradle*      | keep \\n                          | line 11",
        "keep gradle*      | keep \t                           | line 11",
        "keep gradle*      | id 20261125-003106-4be1f2         | line 11",
        "proxy [           | proxy host                        | line 13",
        "]:8080            | ]:80800                           | proxy",
        "[0:0:0:0:0:0:0:1] | [0:0:0:0:0:0:0:0:0:1]             | proxy",
        "run 1             | run 1 1 1                         | line 14",
        "run 1             | run 0                             | line 14",
      })
  void whatIsMalformedIsRefused(String part, String other, String why) {
    String text = full().text().replaceFirst(java.util.regex.Pattern.quote(part), quoted(other));
    assertThat(text).isNotEqualTo(full().text());
    assertThat(parse(text))
        .isInstanceOfSatisfying(
            SessionRecord.Parsed.Refused.class, it -> assertThat(it.why()).contains(why));
  }

  private static String quoted(String replacement) {
    return java.util.regex.Matcher.quoteReplacement(replacement);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"id", "version", "started", "machine", "boot", "namespace", "earshot", "mark"})
  void noLineOfTheseMayBeMissing(String key) {
    String text = full().text().replaceFirst("(?m)^" + key + " .*\n", "");
    assertThat(parse(text))
        .isEqualTo(new SessionRecord.Parsed.Refused("it has no line '" + key + "'"));
  }

  @Test
  void whatIsTooLargeIsRefused() {
    String text = full().text();
    assertThat(parse(text + "keep " + "x".repeat(KeepPattern.LONGEST) + "\n"))
        .isInstanceOf(SessionRecord.Parsed.Complete.class);
    assertThat(parse(text + "keep " + "x".repeat(KeepPattern.LONGEST + 1) + "\n"))
        .isInstanceOf(SessionRecord.Parsed.Refused.class);
    String longest = "cgroup /" + "x".repeat(SessionRecord.LONGEST_LINE - "cgroup /".length());
    assertThat(parse(text.replaceFirst("(?m)^cgroup .*", longest)))
        .isInstanceOf(SessionRecord.Parsed.Complete.class);
    assertThat(parse(text.replaceFirst("(?m)^cgroup .*", longest + "x")))
        .isInstanceOf(SessionRecord.Parsed.Refused.class);
    String many = "run 1 2 3\n".repeat(SessionRecord.LARGEST / 10);
    assertThat(parse(text + many))
        .isEqualTo(new SessionRecord.Parsed.Refused("it is larger than 64 KiB"));
  }

  @Test
  void hostileBytesNeverThrow() {
    byte[] good = full().text().getBytes(StandardCharsets.UTF_8);
    var random = new Random(7);
    int rounds = Boolean.getBoolean("stress") ? 2_000_000 : 50_000;
    for (int round = 0; round < rounds; round++) {
      byte[] bytes = good.clone();
      for (int change = random.nextInt(4); change >= 0; change--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      assertThat(SessionRecord.parse(bytes)).isNotNull();
    }
    byte[] noise = new byte[4096];
    random.nextBytes(noise);
    assertThat(SessionRecord.parse(noise)).isInstanceOf(SessionRecord.Parsed.Refused.class);
    assertThat(SessionRecord.parse(new byte[0])).isInstanceOf(SessionRecord.Parsed.Refused.class);
  }

  private SessionRecord read() throws Exception {
    byte[] bytes = Files.readAllBytes(folder.resolve(SessionRecordFile.NAME));
    assertThat(SessionRecord.parse(bytes)).isInstanceOf(SessionRecord.Parsed.Complete.class);
    return ((SessionRecord.Parsed.Complete) SessionRecord.parse(bytes)).is();
  }

  @Test
  void theFileIsPrivateAndGrows() throws Exception {
    var start = record(ID, Machine.here(), List.of());
    long self = ProcessHandle.current().pid();
    try (var file = SessionRecordFile.create(folder, start, events::add)) {
      assertThat(read()).isEqualTo(start);
      var address = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 4041);
      file.proxyListens(address);
      file.process(1, new ProcessEvent.Starting(List.of("secret")));
      file.process(1, new ProcessEvent.Started(self, self));
      assertThat(read().proxy()).hasValue(address);
      assertThat(read().runs())
          .containsExactly(
              new SessionRecord.Run(
                  1, new SessionRecord.Numbered(self, Machine.startOf(self).orElseThrow())));
      assertThat(Files.getPosixFilePermissions(folder.resolve(SessionRecordFile.NAME)))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));
      assertThat(Files.readString(folder.resolve(SessionRecordFile.NAME))).doesNotContain("secret");
    }
    assertThat(folder.resolve(SessionRecordFile.UNFINISHED)).doesNotExist();
    assertThat(events).isEmpty();
  }

  @Test
  void aThousandRestartsAndMoreStayWithinItsBound() throws Exception {
    var start = record(ID, Machine.here(), List.of());
    long self = ProcessHandle.current().pid();
    try (var file = SessionRecordFile.create(folder, start, events::add)) {
      long bare = Files.size(folder.resolve(SessionRecordFile.NAME));
      for (int run = 1; run <= 3_000; run++) {
        file.process(run, new ProcessEvent.Started(self, self));
        if (run % 100 == 0) {
          assertThat(Files.size(folder.resolve(SessionRecordFile.NAME)))
              .isBetween(bare + 1, bare + SessionRecordFile.LARGEST);
          assertThat(read().runs().getLast().number()).isEqualTo(run);
        }
      }
    }
    assertThat(events).isEmpty();
  }

  @Test
  void aFullDiskIsOneWarning() throws Exception {
    try (var full = FileChannel.open(Path.of("/dev/full"), StandardOpenOption.WRITE);
        var file = SessionRecordFile.on(full, events::add)) {
      file.proxyListens(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 4041));
      file.process(1, new ProcessEvent.Started(1, 1));
      file.process(2, new ProcessEvent.Started(1, 1));
      assertThat(events)
          .singleElement()
          .isInstanceOfSatisfying(
              SessionEvent.Warning.class, it -> assertThat(it.text()).contains("No space left"));
    }
  }

  @Test
  void whatCouldNotBeReadIsNotWritten() {
    var many = Collections.nCopies(60, new KeepPattern("x".repeat(KeepPattern.LONGEST)));
    SessionRecordFile.create(folder, record(ID, Machine.here(), many), events::add).close();
    assertThat(folder).isEmptyDirectory();
    assertThat(events).hasSize(1);
  }
}
