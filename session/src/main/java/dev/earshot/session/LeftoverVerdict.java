package dev.earshot.session;

import dev.earshot.process.Leftovers;
import dev.earshot.process.Machine;
import java.util.Optional;

/** What a folder among those of the sessions is, and so what may be done with it. */
public sealed interface LeftoverVerdict {

  /** Its session lives, or may: nothing of it is touched. */
  record Live(Optional<SessionRecord> record) implements LeftoverVerdict {}

  /** Its session is dead, but another process holds its record, such as one that cleans up. */
  record Busy(SessionRecord record) implements LeftoverVerdict {}

  /** It was made just now, and has no record yet. */
  record Starting() implements LeftoverVerdict {}

  /** It cannot be proved to be a dead session's, and why. */
  record Unproven(String why) implements LeftoverVerdict {}

  /** Its session died before the machine started again: it has no processes any more. */
  record FilesOnly(SessionRecord record) implements LeftoverVerdict {}

  /** Its session died; there may be processes. */
  record Crashed(SessionRecord record) implements LeftoverVerdict {}

  /** What was found where the record should be. */
  sealed interface Found {
    /** Nothing. */
    record Nothing() implements Found {}

    /** Something that is not read, or cannot be understood. */
    record Unusable(String why) implements Found {}

    /** A record. */
    record Usable(SessionRecord record) implements Found {}
  }

  /**
   * All that the verdict depends on.
   *
   * @param name of the folder
   * @param folderProblem why it cannot be a session's folder at all
   * @param young it was made, or changed, within the last seconds
   * @param stranger a file in it that no session writes
   * @param found what its record is
   * @param locked another process has the record locked
   * @param ownerLives there is a process with the number and the start of the record's owner
   * @param here where this is asked
   */
  record Facts(
      String name,
      Optional<String> folderProblem,
      boolean young,
      Optional<String> stranger,
      Found found,
      boolean locked,
      boolean ownerLives,
      Machine here) {}

  /** Whatever is not proved is left alone. */
  static LeftoverVerdict of(Facts facts) {
    if (facts.folderProblem().isPresent()) {
      return new Unproven(facts.folderProblem().get());
    }
    return switch (facts.found()) {
      case Found.Nothing() ->
          facts.young() ? new Starting() : new Unproven("there is no record in it");
      case Found.Unusable(var why) ->
          facts.locked() ? new Live(Optional.empty()) : new Unproven(why);
      case Found.Usable(var record) -> of(facts, record);
    };
  }

  private static LeftoverVerdict of(Facts facts, SessionRecord record) {
    boolean sameNumbers = facts.here().sharesNumbers(record.machine());
    if (sameNumbers && facts.ownerLives()) {
      return new Live(Optional.of(record));
    }
    if (facts.locked()) {
      return sameNumbers ? new Busy(record) : new Live(Optional.of(record));
    }
    if (!record.id().equals(facts.name())) {
      return new Unproven("its record is that of session " + record.id());
    }
    if (!record.mark().equals(Leftovers.digits(record.id()))) {
      return new Unproven("the mark in its record does not follow from its id");
    }
    if (!facts.here().isSame(record.machine())) {
      return new Unproven("its session ran on another machine");
    }
    boolean otherBoot = facts.here().isOtherBoot(record.machine());
    if (!otherBoot && !sameNumbers) {
      return new Unproven("its session ran in another container (pid namespace)");
    }
    if (facts.stranger().isPresent()) {
      return new Unproven(
          "there is a file in it that Earshot did not write: " + facts.stranger().get());
    }
    return otherBoot ? new FilesOnly(record) : new Crashed(record);
  }
}
