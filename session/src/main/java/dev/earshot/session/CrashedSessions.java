package dev.earshot.session;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.process.Leftovers;
import dev.earshot.process.Machine;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What sessions left whose process and guardian were both killed: looked at, and ended and removed
 * as far as it is proved to be theirs. Sessions that live are not touched, whoever asks and however
 * many at once. It must run in another process than the sessions it looks at: closing a file that
 * this process has locked elsewhere lets the lock go (fcntl(2)).
 */
public final class CrashedSessions {
  /** After a KILL. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private CrashedSessions() {}

  /**
   * A folder as it is.
   *
   * @param bytes what its files hold
   * @param processes that live; of a crashed session only
   * @param group its control group, if that is there
   * @param listener who listens now where its proxy did
   */
  public record Look(
      Path folder,
      LeftoverVerdict verdict,
      long bytes,
      List<Leftovers.Found> processes,
      Optional<String> group,
      Optional<Listener> listener) {
    public Look {
      processes = List.copyOf(processes);
    }
  }

  /** Somebody at the address of a proxy. */
  public record Listener(InetSocketAddress address, ClientProcess process) {}

  /**
   * A folder after it was cleaned up.
   *
   * @param look what was there before
   * @param ended its processes
   * @param problems why something is left, a line each; none if nothing is
   */
  public record Cleaned(Look look, Leftovers.Ended ended, List<String> problems) {
    public Cleaned {
      problems = List.copyOf(problems);
    }
  }

  /** All folders of this user in which sessions may have left something, sorted. */
  public static List<Path> folders(SessionFolders folders) throws IOException {
    List<Path> found = new ArrayList<>(entries(folders.sessions()));
    for (Path parent : temporaries(folders.temporary())) {
      if (!parent.equals(folders.sessions())) {
        found.addAll(entries(parent));
      }
    }
    return found.stream().sorted().toList();
  }

  /** In a folder that all users share, so only what is this user's counts. */
  private static List<Path> temporaries(Path own) throws IOException {
    Path shared = own.getParent();
    if (shared == null) {
      return List.of();
    }
    var us = Files.getOwner(Path.of("/proc/self"));
    List<Path> ours = new ArrayList<>();
    for (Path each : entries(shared)) {
      try {
        if (SessionFolders.isTemporary(each)
            && Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS)
            && Files.getOwner(each, LinkOption.NOFOLLOW_LINKS).equals(us)) {
          ours.add(each);
        }
      } catch (NoSuchFileException gone) {
        // Its session has ended.
      }
    }
    return ours;
  }

  private static List<Path> entries(Path folder) throws IOException {
    List<Path> entries = new ArrayList<>();
    try (var stream = Files.newDirectoryStream(folder)) {
      stream.forEach(entries::add);
    } catch (NoSuchFileException none) {
      return List.of();
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return entries;
  }

  /** Looks at one of the folders; empty if it is gone by now. */
  public static Optional<Look> look(Path path) throws IOException {
    try (var folder = LeftoverFolder.open(path, false)) {
      return Optional.of(look(folder));
    } catch (NoSuchFileException gone) {
      return Optional.empty();
    }
  }

  /** Ends and removes what one of the folders proves to be left over; empty if it is gone. */
  public static Optional<Cleaned> clean(Path path) throws IOException {
    try (var folder = LeftoverFolder.open(path, true)) {
      Look look = look(folder);
      return Optional.of(
          switch (look.verdict()) {
            case LeftoverVerdict.Crashed(var record) -> end(folder, look, record);
            case LeftoverVerdict.FilesOnly _ ->
                new Cleaned(look, Leftovers.Ended.NOTHING, remove(folder));
            case LeftoverVerdict.Unproven(var why) -> untouched(look, List.of(why));
            case LeftoverVerdict.Busy _ ->
                untouched(look, List.of("another process holds its record; run this again"));
            case LeftoverVerdict.Live _, LeftoverVerdict.Starting _ -> untouched(look, List.of());
          });
    } catch (NoSuchFileException gone) {
      return Optional.empty();
    }
  }

  /**
   * Whether the session of a folder lives, or may; false if the folder is gone. Cheaper than {@link
   * #look}: no processes are looked for.
   */
  public static boolean isLive(Path path) throws IOException {
    try (var folder = LeftoverFolder.open(path, false)) {
      var verdict = verdict(folder);
      return verdict instanceof LeftoverVerdict.Live || verdict instanceof LeftoverVerdict.Starting;
    } catch (NoSuchFileException gone) {
      return false;
    }
  }

  private static Cleaned untouched(Look look, List<String> problems) {
    return new Cleaned(look, Leftovers.Ended.NOTHING, problems);
  }

  private static Look look(LeftoverFolder folder) throws IOException {
    var verdict = verdict(folder);
    if (!(verdict instanceof LeftoverVerdict.Crashed(var record))) {
      return new Look(
          folder.path(), verdict, folder.size(), List.of(), Optional.empty(), Optional.empty());
    }
    var leftovers = leftovers(record);
    var owners = new SocketOwners(List::of, _ -> false);
    return new Look(
        folder.path(),
        verdict,
        folder.size(),
        leftovers.find(),
        record.group().filter(leftovers::hasGroup),
        record
            .proxy()
            .flatMap(address -> owners.listener(address).map(it -> new Listener(address, it))));
  }

  private static LeftoverVerdict verdict(LeftoverFolder folder) throws IOException {
    return LeftoverVerdict.of(
        new LeftoverVerdict.Facts(
            String.valueOf(folder.path().getFileName()),
            folder.problem(),
            folder.isYoung(Instant.now()),
            folder.stranger(),
            folder.found(),
            folder.isLockedByAnother(),
            ownerLives(folder.found()),
            Machine.here()));
  }

  private static Leftovers leftovers(SessionRecord record) {
    Leftovers leftovers = Leftovers.of(record.id(), record.keep());
    for (SessionRecord.Run run : record.runs()) {
      leftovers = leftovers.withCommand(run.leader().pid(), run.leader().start());
    }
    return leftovers;
  }

  private static boolean ownerLives(LeftoverVerdict.Found found) {
    return found instanceof LeftoverVerdict.Found.Usable(var record)
        && Machine.startOf(record.earshot().pid()).stream()
            .anyMatch(start -> start == record.earshot().start());
  }

  /** The processes first: with one left over, the folder says whose it was. */
  private static Cleaned end(LeftoverFolder folder, Look look, SessionRecord record) {
    var leftovers = leftovers(record);
    Leftovers.Ended ended = leftovers.end(PATIENCE);
    List<String> problems = new ArrayList<>();
    for (Leftovers.Found each : ended.left()) {
      problem(each).ifPresent(problems::add);
    }
    if (!problems.isEmpty()) {
      return new Cleaned(look, ended, problems);
    }
    record
        .group()
        .flatMap(group -> problem(group, leftovers.removeGroup(group)))
        .ifPresent(problems::add);
    if (problems.isEmpty()) {
      problems.addAll(remove(folder));
    }
    return new Cleaned(look, ended, problems);
  }

  private static Optional<String> problem(Leftovers.Found left) {
    String who = "process " + left.pid() + " (" + left.name() + ") ";
    return switch (left.standing()) {
      case KEPT -> Optional.empty();
      case OURS -> Optional.of(who + "could not be ended");
      case OTHER_USER -> Optional.of(who + "belongs to another user (" + left.user() + ")");
      case RUNS_US -> Optional.of(who + "runs this command; run it from another shell");
    };
  }

  private static Optional<String> problem(String group, Leftovers.GroupEnd end) {
    return switch (end) {
      case GONE -> Optional.empty();
      case NOT_OURS -> Optional.of("the control group " + group + " is not that of its mark");
      case BUSY -> Optional.of("there are other processes in the control group " + group);
    };
  }

  private static List<String> remove(LeftoverFolder folder) {
    try {
      folder.remove();
      return List.of();
    } catch (IOException e) {
      return List.of("cannot remove " + e.getMessage());
    }
  }
}
