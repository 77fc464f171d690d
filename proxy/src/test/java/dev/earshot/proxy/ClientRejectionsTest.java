package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.proxy.ClientRejections.Finding;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ClientRejectionsTest {
  private static final long PAUSE = 600;

  /** Times wrap. */
  private static final long START = Long.MAX_VALUE - 5;

  private static final ClientProcess CURL = process(1, "curl");
  private static final ClientProcess OTHER_CURL = process(2, "curl");
  private static final ClientProcess NODE = process(3, "node");

  private final ClientRejections rejections = new ClientRejections(Duration.ofNanos(PAUSE));

  @Test
  void whatAProgramRefusesPassesForEachOfItsProcessesAndForNoOther() {
    assertThat(passes("a.test", CURL, 0)).isFalse();
    assertThat(refuses("a.test", CURL, 1)).isEqualTo(Finding.NEW);
    assertThat(passes("a.test", CURL, 2)).isTrue();
    assertThat(passes("A.test.", OTHER_CURL, 2)).isTrue();
    assertThat(passes("b.test", CURL, 2)).isFalse();
    assertThat(passes("a.test", NODE, 2)).isFalse();
    assertThat(passes("a.test", ClientProcess.UNKNOWN, 2)).isFalse();
  }

  @Test
  void anUnknownProgramSpeaksForAllThatAreUnknown() {
    assertThat(leaves("a.test", ClientProcess.UNKNOWN, 1)).isEqualTo(Finding.NEW);
    assertThat(passes("a.test", ClientProcess.UNKNOWN, 2)).isTrue();
    assertThat(passes("a.test", CURL, 2)).isFalse();
  }

  @Test
  void afterThePauseOneConnectionIsTriedAndTheOthersPass() {
    refuses("a.test", CURL, 0);
    assertThat(passes("a.test", CURL, PAUSE - 1)).isTrue();
    assertThat(passes("a.test", CURL, PAUSE)).isFalse();
    assertThat(passes("a.test", CURL, PAUSE)).isTrue();
    assertThat(passes("a.test", OTHER_CURL, 2 * PAUSE - 1)).isTrue();
    assertThat(refuses("a.test", CURL, PAUSE + 1)).isEqualTo(Finding.KNOWN);
    assertThat(passes("a.test", CURL, 2 * PAUSE)).isTrue();
    assertThat(passes("a.test", CURL, 2 * PAUSE + 1)).isFalse();
  }

  @Test
  void aProgramThatAcceptsIsDecryptedAgainAndNotToldTwice() {
    refuses("a.test", CURL, 0);
    assertThat(passes("a.test", CURL, PAUSE)).isFalse();
    rejections.accepted(begin("a.test", CURL, PAUSE));
    assertThat(passes("a.test", CURL, PAUSE + 1)).isFalse();
    assertThat(refuses("a.test", CURL, PAUSE + 2)).isEqualTo(Finding.KNOWN);
    assertThat(passes("a.test", CURL, PAUSE + 3)).isTrue();
  }

  @Test
  void whatWasUnderWayBeforeARejectionDoesNotSpeakAgainstIt() {
    var early = begin("a.test", OTHER_CURL, 0);
    refuses("a.test", CURL, 1);
    rejections.accepted(early);
    assertThat(passes("a.test", CURL, 2)).isTrue();
  }

  @Test
  void aRejectionIsKnownToThoseThatWereDecidedBefore() {
    refuses("a.test", CURL, 5);
    assertThat(rejections.rejectedSince("a.test", OTHER_CURL, START + 4)).isTrue();
    assertThat(rejections.rejectedSince("a.test", OTHER_CURL, START + 5)).isFalse();
    assertThat(rejections.rejectedSince("a.test", NODE, START + 4)).isFalse();
    rejections.accepted(begin("a.test", CURL, 6));
    assertThat(rejections.rejectedSince("a.test", OTHER_CURL, START + 4)).isFalse();
  }

  @Test
  void oneThatLeavesWhileItsProcessUsesTheHostWasSpare() {
    rejections.accepted(begin("a.test", CURL, 0));
    assertThat(leaves("a.test", CURL, 1)).isEqualTo(Finding.NOTHING);
    assertThat(passes("a.test", CURL, 2)).isFalse();
    // Another process and another host have a will of their own; an alert is always meant.
    assertThat(leaves("a.test", OTHER_CURL, 1)).isEqualTo(Finding.NEW);
    assertThat(leaves("b.test", CURL, 1)).isEqualTo(Finding.NEW);
    assertThat(refuses("a.test", CURL, 1)).isEqualTo(Finding.KNOWN);
  }

  @Test
  void ofSeveralAtOnceTheLastThatLeavesDecides() {
    var first = begin("a.test", CURL, 0);
    var second = begin("a.test", CURL, 0);
    rejections.established(first);
    rejections.established(second);
    assertThat(rejections.left(first, START + 1)).isEqualTo(Finding.NOTHING);
    assertThat(rejections.left(second, START + 1)).isEqualTo(Finding.NEW);
  }

  /** A client that fails connects again before it is known that it left. */
  @Test
  void oneThatHasNotShakenHandsYetExcusesNoOther() {
    var first = begin("a.test", CURL, 0);
    rejections.established(first);
    var second = begin("a.test", CURL, 1);
    assertThat(rejections.left(first, START + 1)).isEqualTo(Finding.NEW);
    assertThat(rejections.left(second, START + 2)).isEqualTo(Finding.KNOWN);
  }

  @Test
  void oneThatTakesItsTimeSaysNothingAndHidesNothing() {
    var idle = begin("a.test", CURL, 0);
    rejections.established(idle);
    rejections.undecided(idle);
    assertThat(passes("a.test", CURL, 1)).isFalse();
    assertThat(leaves("a.test", CURL, 2)).isEqualTo(Finding.NEW);
  }

  @Test
  void whoLeavesWhileClientsAreEndedSaysNothing() {
    rejections.clientsAreEnded();
    assertThat(leaves("a.test", CURL, 0)).isEqualTo(Finding.NOTHING);
    assertThat(refuses("a.test", CURL, 0)).isEqualTo(Finding.NEW);
  }

  @Test
  void theOnesThatWereNotAskedForLongestAreForgotten() {
    for (int i = 0; i < ClientRejections.MOST; i++) {
      refuses(i + ".test", CURL, 0);
      rejections.accepted(begin(i + ".test", NODE, 0));
    }
    assertThat(passes("0.test", CURL, 1)).isTrue();
    refuses("more.test", CURL, 1);
    assertThat(passes("0.test", CURL, 1)).isTrue();
    assertThat(passes("1.test", CURL, 1)).isFalse();
    assertThat(passes("2.test", CURL, 1)).isTrue();
  }

  private boolean passes(String host, ClientProcess process, long at) {
    return rejections.passes(host, process, START + at);
  }

  private ClientRejections.Trial begin(String host, ClientProcess process, long at) {
    return rejections.begin(host, process, START + at);
  }

  private Finding refuses(String host, ClientProcess process, long at) {
    return rejections.refused(begin(host, process, at), START + at);
  }

  private Finding leaves(String host, ClientProcess process, long at) {
    return rejections.left(begin(host, process, at), START + at);
  }

  private static ClientProcess process(long pid, String name) {
    return new ClientProcess(OptionalLong.of(pid), Optional.of(name), true);
  }
}
