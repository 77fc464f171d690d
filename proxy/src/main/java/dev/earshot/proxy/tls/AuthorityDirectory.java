package dev.earshot.proxy.tls;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * The directory that keeps a user's authority: one file with key and certificate, and one with the
 * certificate only, derived from it. Any number of processes may open it, and change it, at once.
 *
 * @param user who must own it; empty if that cannot be known, when the modes alone protect it (the
 *     system lets nobody but the owner into them)
 */
record AuthorityDirectory(Path directory, Optional<String> user) {
  static final String KEY_FILE = "ca-key.pem";
  private static final String CERTIFICATE_FILE = "ca.pem";
  private static final String LOCK_FILE = ".lock";
  private static final String DRAFT = ".draft-";
  private static final Set<PosixFilePermission> OWNER_ONLY_DIRECTORY =
      PosixFilePermissions.fromString("rwx------");
  private static final Set<PosixFilePermission> OWNER_ONLY_FILE =
      PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> READ_BY_ALL =
      PosixFilePermissions.fromString("rw-r--r--");

  private static final String REMOVE =
      "remove it, a new one is then made that clients must trust anew";
  private static final String ROTATE =
      "earshot ca rotate, which makes a new one that clients must trust anew";

  /** Ours has under 2 KiB, and with a hundred names under 16. */
  private static final long MAX_KEY_FILE = 64 * 1024;

  Path keyFile() {
    return directory.resolve(KEY_FILE);
  }

  Path certificateFile() {
    return directory.resolve(CERTIFICATE_FILE);
  }

  /** The authority that is there, or a new one if none is: the same one for all who ask at once. */
  AuthorityKey loadOrCreate(Instant now) throws CertificateAuthorityException {
    try {
      makeDirectory();
      if (exists()) {
        AuthorityKey authority = load(now);
        if (isPublished(authority) && (drafts().isEmpty() || !Files.isWritable(directory))) {
          return authority;
        }
      }
      try (var _ = DirectoryLock.of(directory.resolve(LOCK_FILE))) {
        removeDrafts();
        if (!exists()) {
          create(AuthorityKey.generate(now).pem());
        }
        AuthorityKey authority = load(now);
        if (!isPublished(authority)) {
          replace(certificateFile(), writeDraft(authority.rootPem(), READ_BY_ALL));
        }
        return authority;
      }
    } catch (IOException e) {
      throw cannotKeep(e);
    }
  }

  /** A new authority, and what it replaced, if that could be read. */
  record Rotated(AuthorityKey made, Optional<AuthorityKey> replaced) {}

  /**
   * Puts a new authority in place of what is there, usable or not, in one step: whenever it is
   * interrupted, there is the old one or the new one, each with its certificate.
   *
   * @param wanted for which servers; those of the old one if empty
   */
  Rotated rotate(Instant now, Optional<NameConstraints> wanted)
      throws CertificateAuthorityException {
    try {
      makeDirectory();
      try (var _ = DirectoryLock.of(directory.resolve(LOCK_FILE))) {
        removeDrafts();
        if (Files.isDirectory(keyFile(), LinkOption.NOFOLLOW_LINKS)) {
          throw refused("it is not a regular file", REMOVE);
        }
        Optional<AuthorityKey> old = readable();
        NameConstraints constraints =
            wanted.orElseGet(() ->
                old.flatMap(it -> CertificateForm.constraints(it.certificate()))
                    .orElse(NameConstraints.NONE));
        AuthorityKey made = AuthorityKey.generate(now, constraints);
        putInPlace(made);
        return new Rotated(made, old);
      }
    } catch (IOException e) {
      throw cannotKeep(e);
    }
  }

  /** Both are on the disk before either is in place: a full one is noticed in time. */
  private void putInPlace(AuthorityKey made) throws IOException {
    try {
      Path key = writeDraft(made.pem(), OWNER_ONLY_FILE);
      Path certificate = writeDraft(made.rootPem(), READ_BY_ALL);
      replace(keyFile(), key);
      replace(certificateFile(), certificate);
    } catch (IOException e) {
      removeDrafts();
      throw e;
    }
  }

  private boolean exists() {
    return Files.exists(keyFile(), LinkOption.NOFOLLOW_LINKS);
  }

  private void makeDirectory() throws IOException, CertificateAuthorityException {
    Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY_DIRECTORY));
    requirePrivate(directory, Files.readAttributes(directory, PosixFileAttributes.class), "700");
  }

  private CertificateAuthorityException cannotKeep(IOException e) {
    return new CertificateAuthorityException(
        "cannot keep a certificate authority in %s: %s".formatted(directory, reason(e)), e);
  }

  /**
   * A link is made whole or not at all, and only where nothing is: so one of several wins, none
   * sees half a file, and whoever loses loads what the winner wrote.
   */
  private void create(String pem) throws IOException {
    Path draft = writeDraft(pem, OWNER_ONLY_FILE);
    try {
      Files.createLink(keyFile(), draft);
    } catch (FileAlreadyExistsException lost) {
      return;
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  private AuthorityKey load(Instant now) throws IOException, CertificateAuthorityException {
    PosixFileAttributes attributes =
        Files.readAttributes(keyFile(), PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!attributes.isRegularFile()) {
      throw refused("it is not a regular file", REMOVE);
    }
    requirePrivate(keyFile(), attributes, "600");
    if (attributes.size() > MAX_KEY_FILE) {
      throw refused("it is damaged (too large)", ROTATE);
    }
    String text = Files.readString(keyFile(), StandardCharsets.ISO_8859_1);
    AuthorityKey authority =
        AuthorityKey.parse(text)
            .orElseThrow(
                () -> refused("it is damaged (not one private key and one certificate)", ROTATE));
    Optional<String> problem = authority.problem(now);
    if (problem.isPresent()) {
      throw refused(problem.get(), ROTATE);
    }
    return authority;
  }

  /** What is there, if it can be read as an authority at all; nothing is asked of it. */
  private Optional<AuthorityKey> readable() {
    try {
      return Files.isRegularFile(keyFile(), LinkOption.NOFOLLOW_LINKS)
              && Files.size(keyFile()) <= MAX_KEY_FILE
          ? AuthorityKey.parse(Files.readString(keyFile(), StandardCharsets.ISO_8859_1))
          : Optional.empty();
    } catch (IOException unreadable) {
      return Optional.empty();
    }
  }

  private boolean isPublished(AuthorityKey authority) throws IOException {
    return Files.isRegularFile(certificateFile(), LinkOption.NOFOLLOW_LINKS)
        && Files.readString(certificateFile(), StandardCharsets.ISO_8859_1)
            .equals(authority.rootPem());
  }

  /** In one step, so that whoever reads it meanwhile sees a whole; on the disk when it returns. */
  private void replace(Path file, Path draft) throws IOException {
    Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    try (var folder = FileChannel.open(directory, StandardOpenOption.READ)) {
      folder.force(true);
    }
  }

  private Path writeDraft(String text, Set<PosixFilePermission> mode) throws IOException {
    Path draft = directory.resolve(DRAFT + UUID.randomUUID());
    try {
      write(draft, text, mode);
    } catch (IOException e) {
      Files.deleteIfExists(draft);
      throw e;
    }
    return draft;
  }

  /** What is left of runs that were killed: whoever writes one holds the lock. */
  private void removeDrafts() throws IOException {
    for (Path draft : drafts()) {
      Files.deleteIfExists(draft);
    }
  }

  private List<Path> drafts() throws IOException {
    List<Path> drafts = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, DRAFT + "*")) {
      found.forEach(drafts::add);
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return drafts;
  }

  /** On the disk when it returns, so that not even a crash of the machine links an empty file. */
  private static void write(Path file, String text, Set<PosixFilePermission> mode)
      throws IOException {
    try (var out =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(OWNER_ONLY_FILE))) {
      ByteBuffer bytes = StandardCharsets.US_ASCII.encode(text);
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
    Files.setPosixFilePermissions(file, mode);
  }

  private void requirePrivate(Path path, PosixFileAttributes attributes, String mode)
      throws CertificateAuthorityException {
    String owner = attributes.owner().getName();
    if (user.isPresent() && !user.get().equals(owner)) {
      throw refused(
          path,
          "it belongs to %s, not to %s".formatted(owner, user.get()),
          "run as %s, or keep the authority elsewhere".formatted(owner));
    }
    Set<PosixFilePermission> open = attributes.permissions();
    if (!OWNER_ONLY_DIRECTORY.containsAll(open)) {
      throw refused(
          path,
          "other users have access to it (%s)".formatted(PosixFilePermissions.toString(open)),
          "chmod %s %s".formatted(mode, path));
    }
  }

  private CertificateAuthorityException refused(String why, String remedy) {
    return refused(keyFile(), why, remedy);
  }

  private static CertificateAuthorityException refused(Path path, String why, String remedy) {
    return new CertificateAuthorityException(
        "cannot use the certificate authority %s: %s; try: %s".formatted(path, why, remedy));
  }

  private static String reason(IOException e) {
    return switch (e) {
      case AccessDeniedException _ -> "permission denied";
      case FileSystemException f when f.getReason() != null -> f.getReason();
      default -> String.valueOf(e.getMessage());
    };
  }
}
