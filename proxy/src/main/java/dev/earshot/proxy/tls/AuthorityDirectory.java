package dev.earshot.proxy.tls;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
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
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * The directory that keeps a user's authority: one file with key and certificate, and one with the
 * certificate only, derived from it. Any number of processes may open it at once.
 *
 * @param user who must own it; empty if that cannot be known, when the modes alone protect it (the
 *     system lets nobody but the owner into them)
 */
record AuthorityDirectory(Path directory, Optional<String> user) {
  static final String KEY_FILE = "ca-key.pem";
  private static final String CERTIFICATE_FILE = "ca.pem";
  private static final Set<PosixFilePermission> OWNER_ONLY_DIRECTORY =
      PosixFilePermissions.fromString("rwx------");
  private static final Set<PosixFilePermission> OWNER_ONLY_FILE =
      PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> READ_BY_ALL =
      PosixFilePermissions.fromString("rw-r--r--");

  /** Ours has under 1 KiB. */
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
      Files.createDirectories(
          directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY_DIRECTORY));
      requirePrivate(directory, Files.readAttributes(directory, PosixFileAttributes.class), "700");
      if (!Files.exists(keyFile(), LinkOption.NOFOLLOW_LINKS)) {
        create(AuthorityKey.generate(now).pem());
      }
      AuthorityKey authority = load(now);
      publish(authority.certificatePem());
      return authority;
    } catch (IOException e) {
      throw new CertificateAuthorityException(
          "cannot keep a certificate authority in %s: %s".formatted(directory, reason(e)), e);
    }
  }

  /**
   * A link is made whole or not at all, and only where nothing is: so one of several wins, none
   * sees half a file, and whoever loses loads what the winner wrote.
   */
  private void create(String pem) throws IOException {
    Path draft = draft();
    try {
      write(draft, pem, OWNER_ONLY_FILE);
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
      throw refused("it is not a regular file");
    }
    requirePrivate(keyFile(), attributes, "600");
    if (attributes.size() > MAX_KEY_FILE) {
      throw refused("it is damaged (too large)");
    }
    String text = Files.readString(keyFile(), StandardCharsets.ISO_8859_1);
    AuthorityKey authority =
        AuthorityKey.parse(text)
            .orElseThrow(() -> refused("it is damaged (not one private key and one certificate)"));
    Optional<String> problem = authority.problem(now);
    if (problem.isPresent()) {
      throw refused(problem.get());
    }
    return authority;
  }

  /** Replaces what is there in one step, so that a client that reads it meanwhile sees a whole. */
  private void publish(String pem) throws IOException {
    if (Files.isRegularFile(certificateFile(), LinkOption.NOFOLLOW_LINKS)
        && Files.readString(certificateFile(), StandardCharsets.ISO_8859_1).equals(pem)) {
      return;
    }
    Path draft = draft();
    try {
      write(draft, pem, READ_BY_ALL);
      Files.move(draft, certificateFile(), StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  private Path draft() {
    return directory.resolve(".draft-" + UUID.randomUUID());
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

  private CertificateAuthorityException refused(String why) {
    return refused(
        keyFile(), why, "remove it, a new one is then made that clients must trust anew");
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
