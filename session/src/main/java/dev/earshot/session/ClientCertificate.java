package dev.earshot.session;

import dev.earshot.proxy.HostPattern;
import dev.earshot.proxy.tls.ClientIdentity;
import dev.earshot.proxy.tls.ClientIdentityException;
import dev.earshot.proxy.tls.ClientIdentityReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A certificate to show to upstreams that ask for one.
 *
 * @param hosts to which upstreams
 * @param identity the certificate with its key
 * @param file where it was read from
 * @param exposed whether other users of the machine may read the file, and so the key
 */
public record ClientCertificate(
    HostPattern hosts, ClientIdentity identity, Path file, boolean exposed) {
  private static final long LARGEST_FILE = 1024L * 1024;

  private static final Set<PosixFilePermission> OF_OTHERS =
      EnumSet.of(PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_READ);

  /**
   * Reads a file: PEM with the certificate, those of its issuers and the private key, or PKCS #12
   * without a password; at most 1 MiB.
   *
   * @throws ClientCertificateException if it cannot be used
   */
  public static ClientCertificate read(HostPattern hosts, Path file)
      throws ClientCertificateException {
    try {
      if (!Files.isRegularFile(file)) {
        throw unusable(file, Files.exists(file) ? "it is not a file" : "there is no such file");
      }
      if (Files.size(file) > LARGEST_FILE) {
        throw unusable(file, "it is larger than 1 MiB");
      }
      ClientIdentity identity =
          ClientIdentityReader.read(Files.readAllBytes(file), file.toString());
      return new ClientCertificate(hosts, identity, file, isExposed(file));
    } catch (ClientIdentityException e) {
      throw unusable(file, String.valueOf(e.getMessage()));
    } catch (NoSuchFileException gone) {
      throw unusable(file, "there is no such file");
    } catch (IOException e) {
      throw unusable(file, "it cannot be read");
    }
  }

  /** The first of them that is meant for an upstream. */
  static Optional<ClientIdentity> of(List<ClientCertificate> all, String host, int port) {
    return all.stream()
        .filter(each -> each.hosts().matches(host, port))
        .findFirst()
        .map(ClientCertificate::identity);
  }

  private static boolean isExposed(Path file) throws IOException {
    try {
      return !Collections.disjoint(Files.getPosixFilePermissions(file), OF_OTHERS);
    } catch (UnsupportedOperationException otherFileSystem) {
      return false;
    }
  }

  private static ClientCertificateException unusable(Path file, String why) {
    return new ClientCertificateException("cannot use --client-cert " + file + ": " + why);
  }
}
