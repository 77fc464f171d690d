package dev.earshot.cli.interop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;

/** Repositories of git, npm and Maven below what nginx serves, and the calls to them. */
final class Repositories {
  /** Of a clone three, of each push two. */
  static final int GIT_CALLS = 7;

  /** Two POMs, a JAR, and the JAR that Maven itself adds; each with its checksum. */
  static final int MAVEN_CALLS = 8;

  private static final int PICTURE = 3_000_000;

  private Repositories() {}

  /** A repository with text and with what does not compress, which may be pushed to. */
  static void git(Lab lab) throws Exception {
    Path work = Files.createDirectories(lab.folder().resolve("git-work"));
    byte[] picture = new byte[PICTURE];
    new Random(7).nextBytes(picture);
    Files.write(work.resolve("picture"), picture);
    Files.writeString(work.resolve("greeting"), "Grüße\n");
    run(
        work,
        """
        git init -q -b main . && git add . && git -c user.name=t -c user.email=t@t commit -q -m one
        git clone -q --bare . "$1/git/repo.git" && git -C "$1/git/repo.git" config http.receivepack true
        """,
        lab.www().toString());
  }

  /** Clones, then pushes a branch and takes it away again. */
  static String gitCalls(String base) {
    return """
    export GIT_AUTHOR_DATE=2026-01-01T00:00:00Z GIT_COMMITTER_DATE=2026-01-01T00:00:00Z
    git clone -q BASE/git/repo.git {tmp}/clone && cd {tmp}/clone && sha256sum * && echo more >> greeting
    git -c user.name=t -c user.email=t@t commit -q -a -m two && git log --format=%s
    git push -q origin HEAD:refs/heads/more && git push -q origin :refs/heads/more
    """
        .replace("BASE", base);
  }

  /** A registry of two packages, one of which needs the other. */
  static void npm(Lab lab, String base) throws Exception {
    Path registry = Files.createDirectories(lab.www().resolve("npm"));
    npm(lab, registry, base, "tiny", "{\"needed\": \"^1.0.0\"}");
    npm(lab, registry, base, "needed", "{}");
  }

  private static void npm(Lab lab, Path registry, String base, String name, String needs)
      throws Exception {
    Path unpacked = lab.folder().resolve("npm-" + name);
    Path folder = Files.createDirectories(unpacked.resolve("package"));
    String manifest = "\"name\": \"%s\", \"version\": \"1.0.0\", \"dependencies\": %s";
    manifest = manifest.formatted(name, needs);
    Files.writeString(folder.resolve("package.json"), "{" + manifest + "}");
    Files.writeString(folder.resolve("index.js"), "module.exports = '" + name + "';\n");
    Path archive = registry.resolve(name + "-1.0.0.tgz");
    run(unpacked, "tar czf \"$1\" package", archive.toString());
    byte[] digest = digest("SHA-512", Files.readAllBytes(archive));
    Files.writeString(
        registry.resolve(name),
        """
        {"name": "%s", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {%s,
         "dist": {"tarball": "%s/npm/%s", "integrity": "sha512-%s"}}}}
        """
            .formatted(
                name,
                manifest,
                base,
                archive.getFileName(),
                Base64.getEncoder().encodeToString(digest)));
  }

  /** A parent and a build extension; so it takes no plugin to make Maven resolve something. */
  static void maven(Lab lab) throws IOException {
    Path repository = lab.www().resolve("maven");
    artifact(repository, "test", "parent", "<packaging>pom</packaging>", false);
    artifact(repository, "test", "extension", "", true);
    // Maven adds this, in version 1.1, to all that extends it.
    artifact(repository, "org.codehaus.plexus", "plexus-utils", "", true);
    Files.writeString(
        Files.createDirectories(lab.folder().resolve("project")).resolve("pom.xml"),
        pom(
            """
            <parent><groupId>test</groupId><artifactId>parent</artifactId><version>1.1</version></parent>
            <artifactId>project</artifactId><packaging>pom</packaging>
            <build><extensions><extension>
              <groupId>test</groupId><artifactId>extension</artifactId><version>1.1</version>
            </extension></extensions></build>
            """));
  }

  /** Resolves both into an empty local repository. */
  static String mavenCalls(String base) {
    return """
    echo '<settings><mirrors><mirror><id>test</id><mirrorOf>*</mirrorOf><url>BASE/maven</url>
    </mirror></mirrors></settings>' > {tmp}/settings.xml
    mvn -B -q -s {tmp}/settings.xml -Dmaven.repo.local={tmp}/local -f {work}/project/pom.xml validate
    cd {tmp}/local && find . -name '*.pom' -o -name '*.jar' | sort | xargs sha256sum
    """
        .replace("BASE", base);
  }

  private static void artifact(
      Path repository, String group, String name, String packaging, boolean jar)
      throws IOException {
    Path folder = repository.resolve(group.replace('.', '/')).resolve(name).resolve("1.1");
    Files.createDirectories(folder);
    String names =
        "<groupId>%s</groupId><artifactId>%s</artifactId><version>1.1</version>"
            .formatted(group, name);
    write(folder.resolve(name + "-1.1.pom"), pom(names + packaging).getBytes(UTF_8));
    if (jar) {
      var bytes = new ByteArrayOutputStream();
      try (var out = new JarOutputStream(bytes)) {
        out.putNextEntry(new ZipEntry("nothing"));
      }
      write(folder.resolve(name + "-1.1.jar"), bytes.toByteArray());
    }
  }

  private static String pom(String content) {
    return "<project><modelVersion>4.0.0</modelVersion>" + content + "</project>";
  }

  private static void write(Path file, byte[] content) throws IOException {
    Files.write(file, content);
    Files.writeString(
        file.resolveSibling(file.getFileName() + ".sha1"),
        HexFormat.of().formatHex(digest("SHA-1", content)));
  }

  private static byte[] digest(String algorithm, byte[] content) {
    try {
      return MessageDigest.getInstance(algorithm).digest(content);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void run(Path folder, String script, String argument) throws Exception {
    Process shell =
        new ProcessBuilder(List.of("sh", "-ec", script, "sh", argument))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    shell.getOutputStream().close();
    String said = new String(shell.getInputStream().readAllBytes(), UTF_8);
    assertThat(shell.waitFor()).as(said).isZero();
  }
}
