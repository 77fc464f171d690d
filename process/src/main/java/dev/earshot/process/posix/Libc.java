package dev.earshot.process.posix;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The functions of the C library that are used here. All have one of three shapes, as it is the
 * number of shapes that costs time at start: every argument and result is a 64-bit integer, which
 * the calling conventions of x86-64 and AArch64 allow for pointers and for int alike. Thread-safe.
 */
public final class Libc {
  /** What a call returned, and errno if it failed. */
  public record Returned(long value, int errno) {
    /** The value of a function that returns an int, whose upper half says nothing. */
    public int asInt() {
      return (int) value;
    }

    /** Whether the function says that it failed: -1. */
    public boolean failed() {
      return asInt() == -1;
    }
  }

  private static final int UNIVERSAL_ARITY = 6;
  private static final int VARIADIC_ARITY = 3;
  private static final int SYSCALL_ARITY = 7;

  private final Linker linker = Linker.nativeLinker();
  private final SymbolLookup symbols = linker.defaultLookup();
  private final MemoryLayout stateLayout = Linker.Option.captureStateLayout();
  private final VarHandle errno = stateLayout.varHandle(PathElement.groupElement("errno"));
  private final ConcurrentHashMap<String, MethodHandle> functions = new ConcurrentHashMap<>();

  /** Binds nothing yet: each function is linked when it is first called. */
  public Libc() {}

  /** Whether the library has this function. */
  public boolean has(String name) {
    return symbols.find(name).isPresent();
  }

  /** Calls a function of up to six arguments, none of them variadic. */
  public Returned call(String name, long... arguments) {
    long[] all = new long[UNIVERSAL_ARITY];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    MethodHandle function = functions.computeIfAbsent(name, this::universal);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(stateLayout);
      long value =
          (long) function.invokeExact(state, all[0], all[1], all[2], all[3], all[4], all[5]);
      return new Returned(value, (int) errno.get(state, 0L));
    } catch (Throwable e) {
      throw broken(name, e);
    }
  }

  /** Calls open, fcntl or ioctl: two arguments, then one that is variadic. */
  public Returned variadic(String name, long first, long second, long third) {
    MethodHandle function = functions.computeIfAbsent(name, this::withOneVariadic);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(stateLayout);
      long value = (long) function.invokeExact(state, first, second, third);
      return new Returned(value, (int) errno.get(state, 0L));
    } catch (Throwable e) {
      throw broken(name, e);
    }
  }

  /** Makes a system call for which the library may have no function (syscall(2)). */
  public Returned syscall(long number, long... arguments) {
    long[] all = new long[UNIVERSAL_ARITY];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    MethodHandle function = functions.computeIfAbsent("syscall", this::syscallShape);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(stateLayout);
      long value =
          (long)
              function.invokeExact(state, number, all[0], all[1], all[2], all[3], all[4], all[5]);
      return new Returned(value, (int) errno.get(state, 0L));
    } catch (Throwable e) {
      throw broken("syscall " + number, e);
    }
  }

  private MethodHandle universal(String name) {
    return link(name, UNIVERSAL_ARITY, Linker.Option.captureCallState("errno"));
  }

  private MethodHandle withOneVariadic(String name) {
    return link(
        name,
        VARIADIC_ARITY,
        Linker.Option.captureCallState("errno"),
        Linker.Option.firstVariadicArg(2));
  }

  private MethodHandle syscallShape(String name) {
    return link(
        name,
        SYSCALL_ARITY,
        Linker.Option.captureCallState("errno"),
        Linker.Option.firstVariadicArg(1));
  }

  @SuppressWarnings("restricted")
  private MethodHandle link(String name, int arity, Linker.Option... options) {
    MemoryLayout[] arguments = new MemoryLayout[arity];
    Arrays.fill(arguments, JAVA_LONG);
    MemorySegment address =
        symbols
            .find(name)
            .orElseThrow(
                () ->
                    new UnsupportedOperationException(
                        "this system's C library has no " + name + "; Earshot needs glibc 2.34"));
    return linker.downcallHandle(address, FunctionDescriptor.of(JAVA_LONG, arguments), options);
  }

  private static AssertionError broken(String name, Throwable cause) {
    return new AssertionError("cannot call " + name, cause);
  }

  /** The int at an offset. */
  static int intAt(MemorySegment segment, long offset) {
    return segment.get(JAVA_INT, offset);
  }
}
