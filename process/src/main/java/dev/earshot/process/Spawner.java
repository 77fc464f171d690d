package dev.earshot.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Starts a process by posix_spawn: in a group of its own, with exactly the signals and descriptors
 * it is to have, and with the stage that failed if it cannot. Any thread may call.
 */
final class Spawner {
  /**
   * What a signal does is one setting for the whole process, as is a limit; both are changed here
   * for the moment of a start. So it is one lock for the whole process, too; it is held while the
   * command's file is executed, which a dead network file system can delay.
   */
  private static final ReentrantLock INHERITED = new ReentrantLock();

  /** Bigger than posix_spawnattr_t and posix_spawn_file_actions_t of any C library. */
  private static final int SPAWN_OBJECT_BYTES = 512;

  private static final int HEAD_BYTES = 4096;
  private static final int FIRST_AFTER_STANDARD = 3;

  /** As many numbers a start needs at most. */
  private static final long ROOM = 16;

  private static final int ELF_MACHINE = 18;

  /** Signals 32 and 33 are glibc's own; it sets them itself in a child. */
  private static final long LIBRARY_SIGNALS = 3L << 31;

  private static final long CANNOT_CHANGE = Signal.KILL.bit() | Signal.STOP.bit();

  /** A JVM needs these at any moment, and CHLD ignored takes the statuses of children away. */
  private static final long NEVER_IGNORED =
      CANNOT_CHANGE
          | Signal.CHLD.bit()
          | Signal.SEGV.bit()
          | Signal.BUS.bit()
          | Signal.FPE.bit()
          | Signal.ILL.bit()
          | LIBRARY_SIGNALS;

  private static final Optional<MemorySegment> ADD_TCSETPGRP =
      Libc.findOptional("posix_spawn_file_actions_addtcsetpgrp_np");

  private Spawner() {}

  /** Whether a child can take the terminal itself, before it runs anything (glibc 2.35). */
  static boolean childCanTakeTerminal() {
    return ADD_TCSETPGRP.isPresent();
  }

  /** The first descriptor number that a command inherits nothing at or above. */
  static int firstClosed(LaunchState launch) {
    return launch.descriptors().isEmpty() ? 3 : launch.descriptors().last() + 1;
  }

  /**
   * The lowest number for what is opened here for a command: above all that it inherits, so that
   * none of those that are not open is taken; unless the limit leaves no room there.
   */
  static int lowestOfOurs(LaunchState launch) {
    int above = firstClosed(launch);
    return isBeyondLimit(above + ROOM) ? FIRST_AFTER_STANDARD : above;
  }

  /**
   * What a child is given beside its specification.
   *
   * @param terminal a descriptor of the terminal whose foreground group the child is to become
   * @param fileLocks its soft limit of file locks; {@link Mark#NONE} for as high as it may be
   * @param ownSession it leads a session of its own, not only a group
   * @param pty the terminal that controls its session and is all its standard streams
   */
  record Setting(
      Optional<Integer> terminal, long fileLocks, boolean ownSession, Optional<Pty> pty) {}

  /** The pid, which is also the group. */
  static long spawn(Platform platform, CommandSpec spec, List<Integer> sources, Setting setting)
      throws StartException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment argv = strings(arena, spec, spec.argv(), "an argument");
      MemorySegment environment = strings(arena, spec, assignments(spec), "a variable");
      int directory = openDirectory(platform, spec);
      try {
        var request = new Request(arena, spec, argv, environment, sources, directory, setting);
        return search(request);
      } finally {
        if (directory >= 0) {
          Libc.close(directory);
        }
      }
    }
  }

  private record Request(
      Arena arena,
      CommandSpec spec,
      MemorySegment argv,
      MemorySegment environment,
      List<Integer> sources,
      int directory,
      Setting setting) {}

  /** execvp's search, but by us: so that the command's own PATH rules, and the file is known. */
  private static long search(Request request) throws StartException {
    CommandSpec spec = request.spec();
    String name = spec.argv().getFirst();
    List<String> candidates =
        CommandPath.candidates(name, Optional.ofNullable(spec.environment().get("PATH")));
    boolean only = candidates.size() == 1;
    int errno = Errno.ENOENT;
    String blamed = name;
    for (String candidate : candidates) {
      byte[] path = encode(spec, candidate, "the command");
      int access = Libc.access(request.directory(), path, Platform.ACCESS_EXISTS);
      // Of the only name there is, exec itself is to say what is wrong.
      int answer = access == 0 || only ? execute(request, path) : access;
      if (answer > 0) {
        return answer;
      }
      if (!CommandPath.goesOn(-answer)) {
        throw failure(request, -answer, candidate);
      }
      boolean telling = access == 0 || only || answer == -Errno.EACCES;
      if (telling && errno != Errno.EACCES) {
        errno = -answer;
        blamed = only ? name : candidate;
      }
    }
    throw failure(request, errno, blamed);
  }

  /** The pid, or the negative error number. */
  private static int execute(Request request, byte[] path) {
    Arena arena = request.arena();
    LaunchState launch = request.spec().launch();
    long ignored = launch.ignored() & ~NEVER_IGNORED;
    MemorySegment attributes = arena.allocate(SPAWN_OBJECT_BYTES, 16);
    MemorySegment actions = arena.allocate(SPAWN_OBJECT_BYTES, 16);
    MemorySegment pid = arena.allocate(JAVA_LONG);
    spawnCall("posix_spawnattr_init", attributes, 0, 0);
    spawnCall("posix_spawn_file_actions_init", actions, 0, 0);
    try {
      setAttributes(request, attributes, ignored);
      setActions(request, actions);
      return withInherited(
          ignored,
          request.setting().fileLocks(),
          () -> {
            int errno =
                Libc.call(
                    Libc.find("posix_spawn"),
                    pid.address(),
                    Libc.text(arena, path).address(),
                    actions.address(),
                    attributes.address(),
                    request.argv().address(),
                    request.environment().address());
            return errno == 0 ? pid.get(JAVA_INT, 0) : -errno;
          });
    } finally {
      spawnCall("posix_spawn_file_actions_destroy", actions, 0, 0);
      spawnCall("posix_spawnattr_destroy", attributes, 0, 0);
    }
  }

  private static void setAttributes(Request request, MemorySegment attributes, long ignored) {
    Arena arena = request.arena();
    long blocked = request.spec().launch().blocked();
    long defaults = ~(ignored | CANNOT_CHANGE | LIBRARY_SIGNALS);
    // A session makes its group; asked for both, the kernel refuses the second.
    int place =
        request.setting().ownSession() ? Platform.SPAWN_NEW_SESSION : Platform.SPAWN_SET_GROUP;
    int flags = place | Platform.SPAWN_SET_DEFAULT_SIGNALS | Platform.SPAWN_SET_SIGNAL_MASK;
    spawnCall("posix_spawnattr_setflags", attributes, flags, 0);
    spawnCall("posix_spawnattr_setpgroup", attributes, 0, 0);
    spawnCall(
        "posix_spawnattr_setsigdefault", attributes, Libc.signalSet(arena, defaults).address(), 0);
    spawnCall(
        "posix_spawnattr_setsigmask", attributes, Libc.signalSet(arena, blocked).address(), 0);
  }

  private static void setActions(Request request, MemorySegment actions) {
    request.setting().pty().ifPresent(pty -> setTerminal(request.arena(), pty, actions));
    for (int number = 0; number < request.sources().size(); number++) {
      int source = request.sources().get(number);
      if (source == StandardStreams.NOT_OPEN) {
        spawnCall("posix_spawn_file_actions_addclose", actions, number, 0);
      } else {
        spawnCall("posix_spawn_file_actions_adddup2", actions, source, number);
      }
    }
    if (request.directory() >= 0) {
      spawnCall("posix_spawn_file_actions_addfchdir_np", actions, request.directory(), 0);
    }
    request
        .setting()
        .terminal()
        .ifPresent(terminal ->
            ADD_TCSETPGRP.ifPresent(
                add -> Libc.call(add, actions.address(), terminal, 0, 0, 0, 0)));
    LaunchState launch = request.spec().launch();
    int firstClosed = firstClosed(launch);
    // Above its limit this process has nothing open but what it inherited itself, all of which goes
    // on, and the C library takes no such number.
    boolean beyond = isBeyondLimit(firstClosed);
    int end = beyond ? openFilesLimit() : firstClosed;
    for (int number = FIRST_AFTER_STANDARD; number < end; number++) {
      if (!launch.descriptors().contains(number)) {
        spawnCall("posix_spawn_file_actions_addclose", actions, number, 0);
      }
    }
    if (!beyond) {
      spawnCall("posix_spawn_file_actions_addclosefrom_np", actions, firstClosed, 0);
    }
  }

  private static boolean isBeyondLimit(long number) {
    return Libc.limit(Platform.LIMIT_OPEN_FILES)
        .filter(limit -> Long.compareUnsigned(number, limit.soft()) >= 0)
        .isPresent();
  }

  /** Only where a number is beyond it, so that it is an int. */
  private static int openFilesLimit() {
    return (int) Libc.limit(Platform.LIMIT_OPEN_FILES).map(Libc.Limit::soft).orElse(0L).longValue();
  }

  /** The first terminal that the leader of a session opens is the one that controls it (tty(4)). */
  private static void setTerminal(Arena arena, Pty pty, MemorySegment actions) {
    int errno =
        Libc.call(
            Libc.find("posix_spawn_file_actions_addopen"),
            actions.address(),
            0,
            Libc.text(arena, pty.slaveName()).address(),
            Platform.OPEN_READ_WRITE,
            0,
            0);
    if (errno != 0) {
      throw new IllegalStateException("posix_spawn_file_actions_addopen: " + Errno.name(errno));
    }
    spawnCall("posix_spawn_file_actions_adddup2", actions, 0, 1);
    spawnCall("posix_spawn_file_actions_adddup2", actions, 0, 2);
  }

  private static void spawnCall(String function, MemorySegment object, long a, long b) {
    int errno = Libc.call(Libc.find(function), object.address(), a, b, 0, 0, 0);
    if (errno != 0) {
      throw new IllegalStateException(function + ": " + Errno.name(errno));
    }
  }

  private interface Start {
    int run();
  }

  /**
   * A child inherits what is ignored here at that moment, and the limits; it cannot be told to have
   * others. A signal that comes just then is lost.
   */
  private static int withInherited(long ignored, long fileLocks, Start start) {
    INHERITED.lock();
    try {
      keepStatusesOfChildren();
      Map<Integer, Libc.Disposition> changed = new HashMap<>();
      Optional<Libc.Limit> before = limitFileLocks(fileLocks);
      try {
        for (int signal = 1; signal <= Long.SIZE; signal++) {
          if (((ignored >>> (signal - 1)) & 1) != 0) {
            ignoreForNow(signal, changed);
          }
        }
        return start.run();
      } finally {
        before.ifPresent(limit -> Libc.setLimit(Platform.LIMIT_FILE_LOCKS, limit));
        changed.forEach(Libc::restoreDisposition);
      }
    } finally {
      INHERITED.unlock();
    }
  }

  /** The limit to go back to; empty if it was not changed. */
  private static Optional<Libc.Limit> limitFileLocks(long soft) {
    return Libc.limit(Platform.LIMIT_FILE_LOCKS)
        .filter(now -> {
          long next = soft == Mark.NONE ? now.hard() : soft;
          return now.soft() != next
              && Libc.setLimit(Platform.LIMIT_FILE_LOCKS, new Libc.Limit(next, now.hard())) == 0;
        });
  }

  private static void ignoreForNow(int signal, Map<Integer, Libc.Disposition> changed) {
    Libc.disposition(signal)
        .filter(before -> !before.isIgnore())
        .ifPresent(before -> {
          changed.put(signal, before);
          Libc.setDisposition(signal, Platform.SIGNAL_IGNORE);
        });
  }

  /** A program started with CHLD ignored would never learn how its children end (wait(2)). */
  private static void keepStatusesOfChildren() {
    Libc.disposition(Signal.CHLD.number())
        .filter(now -> now.isIgnore() || now.isNoChildWait())
        .ifPresent(now -> Libc.setDisposition(Signal.CHLD.number(), Platform.SIGNAL_DEFAULT));
  }

  /**
   * Opened here, so that an error is told apart from one of the command's file. The dot at the end
   * asks for the permission to enter the directory, not only for its being there.
   */
  private static int openDirectory(Platform platform, CommandSpec spec) throws StartException {
    if (spec.directory().isEmpty()) {
      return Platform.AT_CURRENT_DIRECTORY;
    }
    String path = spec.directory().get();
    byte[] bytes = encode(spec, path.isEmpty() ? path : path + "/.", "the directory");
    int flags = Platform.OPEN_PATH | platform.openDirectory() | Platform.OPEN_CLOEXEC;
    int opened = Libc.open(Platform.AT_CURRENT_DIRECTORY, bytes, flags);
    int moved = opened < 0 ? opened : Libc.duplicate(opened, lowestOfOurs(spec.launch()));
    if (opened >= 0) {
      Libc.close(opened);
    }
    if (moved >= 0) {
      return moved;
    }
    String why =
        switch (-moved) {
          case Errno.ENOENT -> "there is no directory " + path;
          case Errno.ENOTDIR -> path + " is not a directory";
          case Errno.EACCES -> "the directory " + path + " may not be entered";
          default -> "cannot enter the directory " + path + ": " + Errno.name(-moved);
        };
    throw new StartException(StartFailure.of(StartStage.CWD, -moved, why));
  }

  private static List<String> assignments(CommandSpec spec) {
    List<String> assignments = new ArrayList<>(spec.environment().size());
    spec.environment().forEach((name, value) -> assignments.add(name + "=" + value));
    return assignments;
  }

  /**
   * An array of strings, ended by a null pointer, with the strings behind it: one piece for all.
   */
  private static MemorySegment strings(
      Arena arena, CommandSpec spec, List<String> strings, String what) throws StartException {
    List<byte[]> encoded = new ArrayList<>(strings.size());
    long at = (strings.size() + 1L) * Long.BYTES;
    long end = at;
    for (String each : strings) {
      byte[] bytes = encode(spec, each, what);
      encoded.add(bytes);
      end += bytes.length + 1L;
    }
    // It is all zeros at first, those that end the strings and the array among them.
    MemorySegment array = arena.allocate(end, Long.BYTES);
    for (int i = 0; i < strings.size(); i++) {
      byte[] bytes = encoded.get(i);
      array.setAtIndex(JAVA_LONG, i, array.address() + at);
      MemorySegment.copy(MemorySegment.ofArray(bytes), 0, array, at, bytes.length);
      at += bytes.length + 1L;
    }
    return array;
  }

  /** A NUL would end the string early without anybody noticing; a '?' would replace a character. */
  private static byte[] encode(CommandSpec spec, String text, String what) throws StartException {
    if (text.indexOf('\0') >= 0) {
      throw new StartException(
          StartFailure.of(StartStage.ARGV, Errno.EINVAL, what + " contains a NUL character"));
    }
    // Most text survives the way there and back; what does not is told by the slow way.
    byte[] quick = text.getBytes(spec.charset());
    if (new String(quick, spec.charset()).equals(text)) {
      return quick;
    }
    try {
      ByteBuffer bytes =
          spec.charset()
              .newEncoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .encode(CharBuffer.wrap(text));
      byte[] exact = new byte[bytes.remaining()];
      bytes.get(exact);
      return exact;
    } catch (CharacterCodingException e) {
      throw new StartException(
          StartFailure.of(
              StartStage.ARGV,
              Errno.EILSEQ,
              "%s contains what %s cannot express".formatted(what, spec.charset())));
    }
  }

  private static StartException failure(Request request, int errno, String file)
      throws StartException {
    StartStage stage =
        switch (errno) {
          case Errno.E2BIG -> StartStage.ARGV;
          case Errno.EAGAIN, Errno.ENOMEM, Errno.EMFILE, Errno.ENFILE -> StartStage.LIMITS;
          // No exec says so: it is the terminal's answer to the child that was to take it.
          case Errno.ENOTTY -> StartStage.TTY;
          default -> StartStage.EXEC;
        };
    if (stage == StartStage.TTY) {
      return new StartException(
          StartFailure.of(stage, errno, "the terminal could not be handed to the command"));
    }
    Optional<ExecHints.File> facts =
        inspect(request.directory(), encode(request.spec(), file, "the command"));
    boolean absent = errno == Errno.ENOENT && facts.isEmpty();
    String hint = ExecHints.hint(errno, file, facts, ownMachine());
    return new StartException(new StartFailure(stage, errno, Errno.name(errno), absent, hint));
  }

  private static Optional<ExecHints.File> inspect(int directory, byte[] path) {
    int flags = Platform.OPEN_PATH | Platform.OPEN_CLOEXEC;
    int file = Libc.open(directory, path, flags);
    if (file < 0) {
      return Optional.empty();
    }
    try {
      // By number, because the name's bytes may not be expressible as a Java path.
      Path link = Path.of("/proc/self/fd/" + file);
      return Optional.of(
          new ExecHints.File(
              Files.isDirectory(link),
              isExecutable(link),
              Libc.isOnNoExecMount(file),
              new String(head(link), StandardCharsets.ISO_8859_1)));
    } finally {
      Libc.close(file);
    }
  }

  private static boolean isExecutable(Path file) {
    try {
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
      return permissions.contains(PosixFilePermission.OWNER_EXECUTE)
          || permissions.contains(PosixFilePermission.GROUP_EXECUTE)
          || permissions.contains(PosixFilePermission.OTHERS_EXECUTE);
    } catch (IOException unknown) {
      return true;
    }
  }

  /** Nothing of what is not a plain file: opening a FIFO would wait for its writer. */
  private static byte[] head(Path file) {
    if (!Files.isRegularFile(file)) {
      return new byte[0];
    }
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(HEAD_BYTES);
    } catch (IOException unreadable) {
      return new byte[0];
    }
  }

  private static int ownMachine() {
    byte[] head = head(Path.of("/proc/self/exe"));
    return head.length > ELF_MACHINE + 1
        ? (head[ELF_MACHINE] & 0xff) | ((head[ELF_MACHINE + 1] & 0xff) << 8)
        : 0;
  }
}
