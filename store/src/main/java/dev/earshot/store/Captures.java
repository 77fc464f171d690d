package dev.earshot.store;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The folder with the captures of sessions: {@code ID.db} each. */
public final class Captures {
  private static final String ENDING = ".db";

  /** So long a prune at a session's start may look at captures. */
  private static final Duration BUDGET = Duration.ofMillis(50);

  /** How an id begins. */
  private static final String SECOND = "20261125-003106";

  private static final Duration YOUNG = Duration.ofHours(1);

  private final Path folder;

  public Captures(Path folder) {
    this.folder = folder;
  }

  /**
   * How many captures are kept. The oldest go first.
   *
   * @param count so many of them
   * @param age none that is older
   * @param bytes so much of all together
   */
  public record Keep(int count, Duration age, long bytes) {
    /** 100 sessions, 30 days, 5 GiB. */
    public static final Keep DEFAULT = new Keep(100, Duration.ofDays(30), 5L << 30);
  }

  /** A file in the folder, looked at from outside. */
  private record Entry(Path file, String id, Instant made, Instant changed, long bytes) {
    String second() {
      return id.substring(0, Math.min(SECOND.length(), id.length()));
    }
  }

  /**
   * What is in the folder.
   *
   * @param captures the newest first
   * @param problems a line for each file that cannot be read
   */
  public record Listing(List<CaptureFacts> captures, List<String> problems) {
    public Listing {
      captures = List.copyOf(captures);
      problems = List.copyOf(problems);
    }
  }

  /** Makes the folder if it is missing; says why no capture can be made there, if none can. */
  public Optional<String> problem() {
    try {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      return Files.isWritable(folder)
          ? Optional.empty()
          : Optional.of(folder + ": it cannot be written");
    } catch (AccessDeniedException e) {
      return Optional.of(folder + ": permission denied");
    } catch (FileSystemException e) {
      return Optional.of(
          folder + ": " + (e.getReason() == null ? "it cannot be made" : e.getReason()));
    } catch (IOException e) {
      return Optional.of(folder + ": " + e.getMessage());
    }
  }

  /** All captures, the newest first. */
  public Listing list() throws IOException {
    List<CaptureFacts> captures = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    for (Entry entry : entries()) {
      try (var reader = CaptureReader.open(entry.file())) {
        captures.add(reader.facts());
      } catch (CaptureException | IOException e) {
        if (Files.exists(entry.file())) {
          problems.add(String.valueOf(e.getMessage()));
        }
      }
    }
    return new Listing(captures, problems);
  }

  /**
   * The capture that a user means: by an id, the unique beginning of one, {@code last}, or as a
   * file.
   *
   * @throws CaptureException if there is none, or more than one
   */
  public Path resolve(String word) throws CaptureException {
    List<Entry> entries;
    try {
      entries = entries();
    } catch (IOException e) {
      throw CaptureException.cannotRead(folder, Sqlite.why(e));
    }
    if (word.equals("last")) {
      return entries.stream()
          .findFirst()
          .map(Entry::file)
          .orElseThrow(CaptureException::noSessions);
    }
    List<Entry> found =
        word.isEmpty()
            ? List.of()
            : entries.stream().filter(entry -> entry.id().startsWith(word)).toList();
    var exact = found.stream().filter(entry -> entry.id().equals(word)).findFirst();
    if (exact.isPresent()) {
      return exact.get().file();
    }
    if (found.size() > 1) {
      throw CaptureException.ambiguous(word, found.stream().limit(5).map(Entry::id).toList());
    }
    if (found.size() == 1) {
      return found.getFirst().file();
    }
    return file(word);
  }

  private static Path file(String word) throws CaptureException {
    try {
      Path file = Path.of(word);
      if (!word.isEmpty() && Files.isRegularFile(file)) {
        return file;
      }
    } catch (InvalidPathException noPath) {
      // Nor an id.
    }
    throw word.contains("/")
        ? CaptureException.absent(Path.of(word))
        : CaptureException.noSession(word);
  }

  /**
   * Removes a capture, with what lies beside it.
   *
   * @throws CaptureException if its session lives, or it cannot be removed
   */
  public static void remove(Path file) throws CaptureException {
    if (isLive(file, false)) {
      throw CaptureException.live(file);
    }
    if (!CaptureFile.remove(file)) {
      throw CaptureException.cannotRemove(file);
    }
  }

  /**
   * Whether its session lives.
   *
   * @param unknown the answer for what cannot be read
   */
  private static boolean isLive(Path file, boolean unknown) {
    try (var reader = CaptureReader.open(file)) {
      return reader.facts().state() == CaptureFacts.State.LIVE;
    } catch (CaptureException | IOException e) {
      return unknown;
    }
  }

  /**
   * Removes what is too much, the oldest first, but never that of a session that lives.
   *
   * @return how many were removed
   */
  public int prune(Keep keep, Instant now) throws IOException {
    return prune(keep, now, Long.MAX_VALUE);
  }

  /** The same, within some ten milliseconds: what is left is for the next time. */
  public int pruneSome(Keep keep, Instant now) throws IOException {
    return prune(keep, now, BUDGET.toNanos());
  }

  private int prune(Keep keep, Instant now, long budget) throws IOException {
    long begin = System.nanoTime();
    List<Entry> tooMuch = tooMuch(entries(), keep, now);
    int removed = 0;
    for (Entry entry : tooMuch.reversed()) {
      if (System.nanoTime() - begin > budget) {
        break;
      }
      // One that was changed just now may be that of a session that starts, or ends.
      boolean young = entry.changed().isAfter(now.minus(YOUNG));
      if (!isLive(entry.file(), young) && CaptureFile.remove(entry.file())) {
        removed++;
      }
    }
    return removed;
  }

  /** Of these, the newest first. */
  private static List<Entry> tooMuch(List<Entry> entries, Keep keep, Instant now) {
    List<Entry> tooMuch = new ArrayList<>();
    int count = 0;
    long bytes = 0;
    for (Entry entry : entries) {
      bytes += entry.bytes();
      if (++count > keep.count()
          || bytes > keep.bytes()
          || entry.changed().isBefore(now.minus(keep.age()))) {
        tooMuch.add(entry);
      }
    }
    return tooMuch;
  }

  /** The newest first: an id begins with the second; within one, it does not tell. */
  private List<Entry> entries() throws IOException {
    List<Entry> entries = new ArrayList<>();
    try (var stream = Files.newDirectoryStream(folder, "*" + ENDING)) {
      for (Path file : stream) {
        entry(file).ifPresent(entries::add);
      }
    } catch (NoSuchFileException none) {
      return List.of();
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    entries.sort(Comparator.comparing(Entry::second).thenComparing(Entry::made).reversed());
    return entries;
  }

  private static Optional<Entry> entry(Path file) throws IOException {
    try {
      var is = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      String name = String.valueOf(file.getFileName());
      return is.isRegularFile()
          ? Optional.of(
              new Entry(
                  file,
                  name.substring(0, name.length() - ENDING.length()),
                  is.creationTime().toInstant(),
                  is.lastModifiedTime().toInstant(),
                  is.size()))
          : Optional.empty();
    } catch (NoSuchFileException gone) {
      return Optional.empty();
    }
  }
}
