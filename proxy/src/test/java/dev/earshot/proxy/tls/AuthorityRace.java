package dev.earshot.proxy.tls;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Many threads that open one authority at the same moment; also as a process of its own. */
final class AuthorityRace {
  static final int THREADS = 16;

  private AuthorityRace() {}

  /** Says {@code ready}, starts at a line on its input, and prints each serial that it got. */
  public static void main(String[] args) throws Exception {
    System.out.println("ready");
    if (System.in.read() < 0) {
      return;
    }
    run(Path.of(args[0])).forEach(System.out::println);
  }

  /** The different authorities that the threads got, each as its serial number. */
  static Set<String> run(Path directory) throws InterruptedException, ExecutionException {
    var start = new CyclicBarrier(THREADS);
    Callable<String> open =
        () -> {
          start.await();
          var ca = CertificateAuthority.loadOrCreate(directory, InstantSource.system());
          return ca.certificate().getSerialNumber().toString(16);
        };
    try (var threads = Executors.newFixedThreadPool(THREADS)) {
      Set<String> serials = new HashSet<>();
      for (Future<String> one : threads.invokeAll(Collections.nCopies(THREADS, open))) {
        serials.add(one.get());
      }
      return serials;
    }
  }
}
