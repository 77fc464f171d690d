package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartFailureTest {
  @TempDir Path dir;

  @Test
  void aCommandThatIsNotThereIsAbsent() throws Exception {
    assertFailure(CommandSpec.of("no-such-command"), StartStage.EXEC, "ENOENT", true, "PATH");
    assertFailure(
        CommandSpec.of("./no/such"), StartStage.EXEC, "ENOENT", true, "no file ./no/such");
    assertFailure(CommandSpec.of(""), StartStage.EXEC, "ENOENT", true, "");
  }

  @Test
  void aMissingInterpreterIsNamed() throws Exception {
    var script = file("script", "#!/no/such/interpreter -x\necho hi\n");
    assertFailure(of(script), StartStage.EXEC, "ENOENT", false, "/no/such/interpreter");
  }

  @Test
  void windowsLineEndsAreRecognised() throws Exception {
    var script = file("script", "#!/bin/sh\r\necho hi\r\n");
    assertFailure(of(script), StartStage.EXEC, "ENOENT", false, "carriage return");
  }

  @Test
  void aMissingLoaderIsNamed() throws Exception {
    byte[] program = Files.readAllBytes(Path.of("/bin/true").toRealPath());
    var text = new String(program, StandardCharsets.ISO_8859_1);
    int at = text.indexOf("/lib");
    assertThat(at).isPositive();
    var changed = text.substring(0, at) + "/LIB" + text.substring(at + 4);
    var file = file("program", changed);
    assertFailure(of(file), StartStage.EXEC, "ENOENT", false, "C library");
  }

  @Test
  void aProgramForAnotherMachineIsNamed() throws Exception {
    byte[] program = Files.readAllBytes(Path.of("/bin/true").toRealPath());
    program[18] = 22;
    program[19] = 0;
    var file = file("program", new String(program, StandardCharsets.ISO_8859_1));
    assertFailure(of(file), StartStage.EXEC, "ENOEXEC", false, "S/390");
  }

  @Test
  void aTruncatedProgramIsRecognised() throws Exception {
    byte[] program = Files.readAllBytes(Path.of("/bin/true").toRealPath());
    var start = new String(program, 0, 40, StandardCharsets.ISO_8859_1);
    assertFailure(of(file("program", start)), StartStage.EXEC, "ENOEXEC", false, "truncated");
  }

  @Test
  void aTextWithoutAnInterpreterIsNotGivenToAShell() throws Exception {
    assertFailure(of(file("script", "exit 0\n")), StartStage.EXEC, "ENOEXEC", false, "no #! line");
    assertFailure(of(file("empty", "")), StartStage.EXEC, "ENOEXEC", false, "empty");
  }

  @Test
  void whatIsNotExecutableIsDenied() throws Exception {
    var file = file("script", "#!/bin/sh\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    assertFailure(of(file), StartStage.EXEC, "EACCES", false, "chmod +x");
    assertFailure(of(dir), StartStage.EXEC, "EACCES", false, "is a directory");
    assertFailure(
        of(file("via", "#!" + file + "\n")), StartStage.EXEC, "EACCES", false, "interpreter");
  }

  @Test
  void aDeniedFileInThePathIsToldUnlessALaterOneRuns() throws Exception {
    var first = Files.createDirectory(dir.resolve("first"));
    var second = Files.createDirectory(dir.resolve("second"));
    Files.writeString(first.resolve("tool"), "#!/bin/sh\n");
    var spec =
        CommandSpec.of("tool").withEnvironment(Map.of("PATH", first + ":/no/such:" + second));
    assertFailure(spec, StartStage.EXEC, "EACCES", false, "chmod +x");

    Files.writeString(second.resolve("tool"), "#!/bin/sh\nexit 6\n");
    makeExecutable(second.resolve("tool"));
    assertThat(resultOf(spec).exitCode()).hasValue(6);
  }

  @Test
  void theCommandsOwnPathCountsFromItsOwnDirectory() throws Exception {
    Files.createDirectory(dir.resolve("bin"));
    Files.writeString(dir.resolve("bin/tool"), "#!/bin/sh\nexit 8\n");
    makeExecutable(dir.resolve("bin/tool"));
    var spec =
        CommandSpec.of("tool")
            .withEnvironment(Map.of("PATH", "/no/such:bin"))
            .withDirectory(dir.toString());
    assertThat(resultOf(spec).exitCode()).hasValue(8);
    var relative = CommandSpec.of("bin/tool").withDirectory(dir.toString());
    assertThat(resultOf(relative).exitCode()).hasValue(8);
  }

  @Test
  void aFileThatIsBeingWrittenIsBusy() throws Exception {
    var program = file("program", "");
    Files.write(program, Files.readAllBytes(Path.of("/bin/true").toRealPath()));
    try (var writing = new RandomAccessFile(program.toFile(), "rw")) {
      assertThat(writing.length()).isPositive();
      assertFailure(of(program), StartStage.EXEC, "ETXTBSY", false, "open for writing");
    }
  }

  @Test
  void odditiesOfThePathAreNamed() throws Exception {
    var loop = dir.resolve("loop");
    Files.createSymbolicLink(loop, loop);
    assertFailure(of(loop), StartStage.EXEC, "ELOOP", false, "loop");
    var long300 = "n".repeat(300);
    assertFailure(CommandSpec.of(long300), StartStage.EXEC, "ENAMETOOLONG", false, "too long");
    var below = file("file", "").resolve("x");
    assertFailure(of(below), StartStage.EXEC, "ENOTDIR", false, "not a directory");
  }

  @Test
  void argumentsThatCannotBePassedAreRefused() throws Exception {
    assertFailure(CommandSpec.of("true", "a\0b"), StartStage.ARGV, "EINVAL", false, "NUL");
    assertFailure(
        CommandSpec.of("/bin/true").withEnvironment(Map.of("A", "\0")),
        StartStage.ARGV,
        "EINVAL",
        false,
        "NUL");
    assertFailure(
        CommandSpec.of("/bin/true", "\u20ac").withCharset(StandardCharsets.ISO_8859_1),
        StartStage.ARGV,
        "EILSEQ",
        false,
        "ISO-8859-1");
    var huge = "x".repeat(200_000);
    assertFailure(CommandSpec.of("true", huge), StartStage.ARGV, "E2BIG", false, "too long");
  }

  @Test
  void aBadDirectoryIsAStageOfItsOwn() throws Exception {
    var command = CommandSpec.of("true");
    assertFailure(command.withDirectory("/no/such"), StartStage.CWD, "ENOENT", false, "/no/such");
    assertFailure(command.withDirectory(""), StartStage.CWD, "ENOENT", false, "");
    var file = file("file", "");
    assertFailure(
        command.withDirectory(file.toString()), StartStage.CWD, "ENOTDIR", false, "not a dir");
  }

  private static void assertFailure(
      CommandSpec spec, StartStage stage, String errno, boolean absent, String hint)
      throws InterruptedException {
    try (var run = Run.of(spec, Run.policy(Run.NEVER))) {
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.START_FAILED);
      var failure = result.startFailure().orElseThrow();
      assertThat(failure.stage()).isEqualTo(stage);
      assertThat(failure.errnoName()).isEqualTo(errno);
      assertThat(failure.commandAbsent()).isEqualTo(absent);
      assertThat(failure.hint()).contains(hint).doesNotContain("\n");
      assertThat(result.pid()).isEmpty();
      assertThat(result.exitCode()).isEmpty();
      assertThat(run.events())
          .containsExactly(new ProcessEvent.Starting(spec.argv()), new ProcessEvent.Exited(result));
    }
  }

  private static ProcessResult resultOf(CommandSpec spec) throws InterruptedException {
    try (var run = Run.of(spec, Run.policy(Run.NEVER))) {
      return run.await();
    }
  }

  private static CommandSpec of(Path file) {
    return CommandSpec.of(file.toString());
  }

  private Path file(String name, String content) throws IOException {
    Path file = dir.resolve(name);
    Files.writeString(file, content, StandardCharsets.ISO_8859_1);
    makeExecutable(file);
    return file;
  }

  private static void makeExecutable(Path file) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
