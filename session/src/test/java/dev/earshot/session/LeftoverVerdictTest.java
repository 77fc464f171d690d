package dev.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.process.Machine;
import dev.earshot.session.LeftoverVerdict.Facts;
import dev.earshot.session.LeftoverVerdict.Found;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What may be done with a folder: all that is not proved is left alone. */
class LeftoverVerdictTest {
  private static final String ID = "20261125-003106-4be1f2";
  private static final Machine HERE = new Machine("m", "b", "1");
  private static final Found NOTHING = new Found.Nothing();
  private static final Found UNUSABLE = new Found.Unusable("bad");

  private static SessionRecord record(Machine machine) {
    return SessionRecordTest.record(ID, machine, List.of());
  }

  private static Facts facts(Found found) {
    return new Facts(ID, Optional.empty(), false, Optional.empty(), found, false, false, HERE);
  }

  private static Facts facts(Machine machine) {
    return facts(new Found.Usable(record(machine)));
  }

  private static Facts with(Facts f, boolean locked, boolean ownerLives) {
    return new Facts(
        f.name(),
        f.folderProblem(),
        f.young(),
        f.stranger(),
        f.found(),
        locked,
        ownerLives,
        f.here());
  }

  private static Facts withStranger(Facts f) {
    return new Facts(
        f.name(),
        f.folderProblem(),
        f.young(),
        Optional.of("notes"),
        f.found(),
        false,
        false,
        HERE);
  }

  private static void assertUnproven(Facts facts, String why) {
    assertThat(LeftoverVerdict.of(facts))
        .isInstanceOfSatisfying(
            LeftoverVerdict.Unproven.class, it -> assertThat(it.why()).contains(why));
  }

  @Test
  void aDeadSessionOfThisBootIsCrashedAndOneOfAnotherLeftFilesOnly() {
    assertThat(LeftoverVerdict.of(facts(HERE)))
        .isEqualTo(new LeftoverVerdict.Crashed(record(HERE)));
    for (String namespace : List.of("1", "2", Machine.UNKNOWN)) {
      var before = new Machine("m", "c", namespace);
      assertThat(LeftoverVerdict.of(facts(before)))
          .isEqualTo(new LeftoverVerdict.FilesOnly(record(before)));
      // A number of that boot is somebody else's now.
      assertThat(LeftoverVerdict.of(with(facts(before), false, true)))
          .isEqualTo(new LeftoverVerdict.FilesOnly(record(before)));
    }
  }

  @Test
  void theLockOrTheProcessProvesLife() {
    assertThat(LeftoverVerdict.of(with(facts(HERE), true, true)))
        .isEqualTo(new LeftoverVerdict.Live(Optional.of(record(HERE))));
    assertThat(LeftoverVerdict.of(with(facts(HERE), false, true)))
        .isEqualTo(new LeftoverVerdict.Live(Optional.of(record(HERE))));
    var elsewhere = new Machine("m", "b", "2");
    assertThat(LeftoverVerdict.of(with(facts(elsewhere), true, false)))
        .isEqualTo(new LeftoverVerdict.Live(Optional.of(record(elsewhere))));
    assertThat(LeftoverVerdict.of(with(facts(UNUSABLE), true, false)))
        .isEqualTo(new LeftoverVerdict.Live(Optional.empty()));
  }

  @Test
  void aLockWithoutItsOwnerIsAnothersWhoCleansUp() {
    assertThat(LeftoverVerdict.of(with(facts(HERE), true, false)))
        .isEqualTo(new LeftoverVerdict.Busy(record(HERE)));
  }

  @Test
  void whatIsNotProvedIsRefused() {
    assertUnproven(facts(NOTHING), "no record");
    assertUnproven(facts(UNUSABLE), "bad");
    assertUnproven(facts(new Machine("other", "b", "1")), "another machine");
    assertUnproven(facts(new Machine("other", "c", "1")), "another machine");
    assertUnproven(facts(new Machine(Machine.UNKNOWN, "b", "1")), "another machine");
    assertUnproven(facts(new Machine("m", "b", "2")), "pid namespace");
    assertUnproven(facts(new Machine("m", Machine.UNKNOWN, "1")), "pid namespace");
    assertUnproven(facts(new Machine("m", "b", Machine.UNKNOWN)), "pid namespace");
    assertUnproven(withStranger(facts(HERE)), "notes");
    assertUnproven(withStranger(facts(new Machine("m", "c", "1"))), "notes");
  }

  @Test
  void aFolderOfAnotherNameAndAMarkOfAnotherIdAreRefused() {
    var good = facts(HERE);
    assertUnproven(
        new Facts(
            "other", Optional.empty(), false, Optional.empty(), good.found(), false, false, HERE),
        ID);
    var is = record(HERE);
    var forged =
        new SessionRecord(
            is.id(),
            is.version(),
            is.started(),
            is.machine(),
            is.earshot(),
            "1000000000001",
            is.group(),
            is.keep(),
            is.proxy(),
            is.runs());
    assertUnproven(facts(new Found.Usable(forged)), "mark");
  }

  @Test
  void anUnfitFolderIsRefusedWhateverIsInIt() {
    assertUnproven(
        new Facts(
            ID,
            Optional.of("it is a symbolic link"),
            true,
            Optional.empty(),
            facts(HERE).found(),
            false,
            false,
            HERE),
        "symbolic link");
  }

  @Test
  void oneThatWasJustMadeMayBeStarting() {
    var young =
        new Facts(ID, Optional.empty(), true, Optional.empty(), NOTHING, false, false, HERE);
    assertThat(LeftoverVerdict.of(young)).isEqualTo(new LeftoverVerdict.Starting());
  }
}
