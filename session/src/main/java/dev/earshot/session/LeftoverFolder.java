package dev.earshot.session;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A folder that a dead session may have left, held open: what is done in it is done by name in this
 * very folder, wherever its path leads by now, and no link is followed. While it is open, its
 * record is locked, if nobody else has it. Not thread-safe.
 */
final class LeftoverFolder implements AutoCloseable {
  private static final Set<PosixFilePermission> FOLDER_MODE =
      PosixFilePermissions.fromString("rwx------");
  private static final Set<PosixFilePermission> RECORD_MODE =
      PosixFilePermissions.fromString("rw-------");
  private static final Path ITSELF = Path.of(".");
  private static final Path RECORD = Path.of(SessionRecordFile.NAME);

  /** A session's record is there well before, unless the machine stands still. */
  private static final Duration YOUNG = Duration.ofSeconds(10);

  private final Path path;
  private final Optional<SecureDirectoryStream<Path>> folder;
  private final Optional<String> problem;
  private final Optional<FileChannel> record;
  private final LeftoverVerdict.Found found;
  private final boolean locked;

  private LeftoverFolder(
      Path path,
      Optional<SecureDirectoryStream<Path>> folder,
      Optional<String> problem,
      Opened opened) {
    this.path = path;
    this.folder = folder;
    this.problem = problem;
    this.record = opened.channel();
    this.found = opened.found();
    this.locked = opened.locked();
  }

  /** The record's file, with what is in it. */
  private record Opened(
      Optional<FileChannel> channel, LeftoverVerdict.Found found, boolean locked) {
    static Opened not(LeftoverVerdict.Found found) {
      return new Opened(Optional.empty(), found, false);
    }

    static Opened unusable(String why) {
      return not(new LeftoverVerdict.Found.Unusable(why));
    }
  }

  /**
   * Opens it, and locks its record.
   *
   * @param toClean to the exclusion of others who only look, too
   * @throws NoSuchFileException if it is gone
   */
  static LeftoverFolder open(Path path, boolean toClean) throws IOException {
    UserPrincipal us = Files.getOwner(Path.of("/proc/self"));
    var seen = Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    Optional<String> unfit = unfit(seen, us);
    if (unfit.isPresent()) {
      return unfit(path, unfit.get());
    }
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(path.getParent())) {
      if (!(stream instanceof SecureDirectoryStream<Path> parent)) {
        return unfit(path, "this system cannot tell a folder from a link to one");
      }
      var folder = parent.newDirectoryStream(path.getFileName(), LinkOption.NOFOLLOW_LINKS);
      try {
        var view = folder.getFileAttributeView(PosixFileAttributeView.class);
        return new LeftoverFolder(
            path,
            Optional.of(folder),
            unfit(view.readAttributes(), us),
            openRecord(folder, us, toClean));
      } catch (IOException | RuntimeException e) {
        folder.close();
        throw e;
      }
    }
  }

  private static LeftoverFolder unfit(Path path, String why) {
    return new LeftoverFolder(
        path, Optional.empty(), Optional.of(why), Opened.not(new LeftoverVerdict.Found.Nothing()));
  }

  private static Optional<String> unfit(PosixFileAttributes seen, UserPrincipal us) {
    if (seen.isSymbolicLink()) {
      return Optional.of("it is a symbolic link");
    }
    if (!seen.isDirectory()) {
      return Optional.of("it is not a folder");
    }
    if (!seen.owner().equals(us)) {
      return Optional.of("it belongs to another user");
    }
    return seen.permissions().equals(FOLDER_MODE)
        ? Optional.empty()
        : Optional.of("others may use it: its mode is not 0700");
  }

  private static Opened openRecord(
      SecureDirectoryStream<Path> folder, UserPrincipal us, boolean toClean) throws IOException {
    PosixFileAttributes seen;
    try {
      seen =
          folder
              .getFileAttributeView(RECORD, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
              .readAttributes();
    } catch (NoSuchFileException none) {
      return Opened.not(new LeftoverVerdict.Found.Nothing());
    }
    if (seen.isSymbolicLink()) {
      return Opened.unusable("its record is a symbolic link");
    }
    if (!seen.isRegularFile()) {
      return Opened.unusable("its record is no file");
    }
    if (!seen.owner().equals(us)) {
      return Opened.unusable("its record belongs to another user");
    }
    if (!seen.permissions().equals(RECORD_MODE)) {
      return Opened.unusable("others may use its record: its mode is not 0600");
    }
    SeekableByteChannel opened =
        folder.newByteChannel(
            RECORD,
            Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
    if (!(opened instanceof FileChannel channel)) {
      opened.close();
      return Opened.unusable("its record cannot be locked");
    }
    boolean locked;
    byte[] bytes;
    try {
      locked = isLocked(channel, toClean);
      bytes = read(channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
    return new Opened(
        Optional.of(channel),
        switch (SessionRecord.parse(bytes)) {
          case SessionRecord.Parsed.Complete(var is) -> new LeftoverVerdict.Found.Usable(is);
          case SessionRecord.Parsed.Refused(var why) ->
              new LeftoverVerdict.Found.Unusable("its record cannot be used: " + why);
        },
        locked);
  }

  private static boolean isLocked(FileChannel channel, boolean toClean) {
    try {
      return channel.tryLock(0, Long.MAX_VALUE, !toClean) == null;
    } catch (OverlappingFileLockException ofThisProcess) {
      return true;
    } catch (IOException notSupported) {
      return false;
    }
  }

  /** One byte more than is allowed at most. */
  private static byte[] read(FileChannel channel) throws IOException {
    var bytes = ByteBuffer.allocate(SessionRecord.LARGEST + 1);
    while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) > 0) {
      // Until all is there.
    }
    byte[] read = new byte[bytes.position()];
    bytes.flip().get(read);
    return read;
  }

  Path path() {
    return path;
  }

  Optional<String> problem() {
    return problem;
  }

  LeftoverVerdict.Found found() {
    return found;
  }

  boolean isLockedByAnother() {
    return locked;
  }

  /** Whether its last change is recent. */
  boolean isYoung(Instant now) throws IOException {
    if (folder.isEmpty()) {
      return false;
    }
    var view = folder.get().getFileAttributeView(PosixFileAttributeView.class);
    Instant changed = view.readAttributes().lastModifiedTime().toInstant();
    return changed.isAfter(now.minus(YOUNG)) && !changed.isAfter(now.plus(YOUNG));
  }

  /** The first thing in it that no session writes, by its name within the folder. */
  Optional<String> stranger() throws IOException {
    for (Entry each : entries()) {
      if (!each.isOurs()) {
        return Optional.of(each.name());
      }
    }
    return Optional.empty();
  }

  /** What its files hold, in bytes. */
  long size() throws IOException {
    return entries().stream().mapToLong(Entry::size).sum();
  }

  /**
   * Something in the folder.
   *
   * @param name relative to the folder
   */
  private record Entry(String name, BasicFileAttributes attributes) {
    boolean isOurs() {
      boolean file = attributes.isRegularFile() || attributes.isSymbolicLink();
      return (file && SessionFolder.FILES.contains(name))
          || (name.equals(SessionFolder.PHP)
              && (attributes.isDirectory() || attributes.isSymbolicLink()));
    }

    long size() {
      return attributes.isRegularFile() ? attributes.size() : 0;
    }
  }

  private List<Entry> entries() throws IOException {
    if (folder.isEmpty()) {
      return List.of();
    }
    List<Entry> entries = new ArrayList<>();
    for (Path name : names(folder.get(), ITSELF)) {
      BasicFileAttributes attributes = attributes(folder.get(), name);
      entries.add(new Entry(name.toString(), attributes));
      if (attributes.isDirectory() && name.toString().equals(SessionFolder.PHP)) {
        try (var php = folder.get().newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS)) {
          for (Path inner : names(php, ITSELF)) {
            entries.add(new Entry(name + "/" + inner, attributes(php, inner)));
          }
        }
      }
    }
    return entries;
  }

  private static BasicFileAttributes attributes(SecureDirectoryStream<Path> in, Path name)
      throws IOException {
    return in.getFileAttributeView(name, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
        .readAttributes();
  }

  private static List<Path> names(SecureDirectoryStream<Path> in, Path which) throws IOException {
    try (var stream = in.newDirectoryStream(which, LinkOption.NOFOLLOW_LINKS)) {
      List<Path> names = new ArrayList<>();
      stream.forEach(each -> names.add(each.getFileName()));
      return names;
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  /**
   * Removes what sessions write, the record last, and the folder. A link is removed, not followed.
   * What is gone already is no failure.
   *
   * @throws IOException if something could not be removed, or came while this was done
   */
  void remove() throws IOException {
    SecureDirectoryStream<Path> in = folder.orElseThrow();
    removePhp(in);
    for (String name : SessionFolder.FILES) {
      if (name.indexOf('/') < 0 && !name.equals(SessionRecordFile.NAME)) {
        removeFile(in, Path.of(name));
      }
    }
    removeFile(in, RECORD);
    // Fails if anything is in it.
    Files.deleteIfExists(path);
    Path parent = path.getParent();
    if (parent != null && SessionFolders.isTemporary(parent)) {
      try {
        Files.deleteIfExists(parent);
      } catch (IOException another) {
        // A session of the same process has its folder there.
      }
    }
  }

  private static void removePhp(SecureDirectoryStream<Path> in) throws IOException {
    Path php = Path.of(SessionFolder.PHP);
    try {
      if (attributes(in, php).isDirectory()) {
        try (var inner = in.newDirectoryStream(php, LinkOption.NOFOLLOW_LINKS)) {
          removeFile(inner, Path.of(SessionFolder.PHP_FILE));
        }
        in.deleteDirectory(php);
      } else {
        removeFile(in, php);
      }
    } catch (NoSuchFileException gone) {
      // Nothing to do.
    }
  }

  private static void removeFile(SecureDirectoryStream<Path> in, Path name) throws IOException {
    try {
      in.deleteFile(name);
    } catch (NoSuchFileException gone) {
      // Nothing to do.
    }
  }

  @Override
  public void close() throws IOException {
    try {
      if (record.isPresent()) {
        record.get().close();
      }
    } finally {
      if (folder.isPresent()) {
        folder.get().close();
      }
    }
  }
}
