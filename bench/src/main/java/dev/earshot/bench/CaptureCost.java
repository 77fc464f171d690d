package dev.earshot.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * Question: what does the capture cost the traffic? Goals: at most 15 % of the throughput of 32
 * clients that ask as fast as they can, and a p99 of at most twice that without. If not, the record
 * takes too much time from the event loops, or its writer takes too much of the processors.
 *
 * <p>The packaged program, in turns with a capture and with {@code --no-capture}, between h2load
 * (HTTP/1.1, 32 connections, answers of 1 KiB of JSON or of the size given) and nginx, all on one
 * machine. Each run warms up before it is measured. Arguments: how many pairs of runs, bytes of an
 * answer, requests of a run. Needs nginx and h2load (Debian: nginx-light, nghttp2-client), and is
 * started in the root of the checkout, after a build.
 */
public final class CaptureCost {
  private static final String NGINX =
      """
      daemon off; worker_processes 1; pid FOLDER/nginx.pid; error_log stderr crit;
      events { worker_connections 512; }
      http {
        access_log off; keepalive_requests 100000000; default_type application/json;
        client_body_temp_path FOLDER; proxy_temp_path FOLDER; fastcgi_temp_path FOLDER;
        uwsgi_temp_path FOLDER; scgi_temp_path FOLDER;
        server { listen 127.0.0.1:PORT; root FOLDER/www; }
      }
      """;

  /** Warms up, then measures; the log has a line for each request: start, status, microseconds. */
  private static final String LOAD =
      "h2load --h1 -t1 -c32 -n \"$2\" \"$1\" > /dev/null"
          + " && h2load --h1 -t1 -c32 -n \"$2\" --log-file=\"$3\" \"$1\" > \"$3.out\"";

  private CaptureCost() {}

  /** Prints requests a second, p50 and p99 of both, and their ratios. */
  public static void main(String[] args) throws IOException, InterruptedException {
    int pairs = args.length > 0 ? Integer.parseInt(args[0]) : 5;
    int size = args.length > 1 ? Integer.parseInt(args[1]) : 1024;
    int requests = args.length > 2 ? Integer.parseInt(args[2]) : 100_000;
    Path folder = Files.createTempDirectory("earshot-bench");
    try {
      int port = freePort();
      Files.createDirectory(folder.resolve("www"));
      String filler = "x".repeat(Math.max(size - "{\"text\":\"\"}".length(), 0));
      Files.writeString(folder.resolve("www/answer"), "{\"text\":\"" + filler + "\"}");
      Path configuration = folder.resolve("nginx.conf");
      Files.writeString(
          configuration,
          NGINX.replace("FOLDER", folder.toString()).replace("PORT", String.valueOf(port)));
      Process nginx =
          new ProcessBuilder("nginx", "-c", configuration.toString()).inheritIO().start();
      try {
        compare(folder, port, pairs, requests);
      } finally {
        nginx.destroy();
        nginx.waitFor();
      }
    } finally {
      remove(folder);
    }
  }

  private static void compare(Path folder, int port, int pairs, int requests)
      throws IOException, InterruptedException {
    List<Run> without = new ArrayList<>();
    List<Run> with = new ArrayList<>();
    for (int pair = 0; pair < pairs; pair++) {
      // In turns, and the first of a pair in turns, too.
      if (pair % 2 == 0) {
        without.add(run(folder, port, requests, true));
        with.add(run(folder, port, requests, false));
      } else {
        with.add(run(folder, port, requests, false));
        without.add(run(folder, port, requests, true));
      }
    }
    System.out.printf("%-10s %12s %9s %9s%n", "median of", "requests/s", "p50 ms", "p99 ms");
    Run off = print("without", without);
    Run on = print("captured", with);
    System.out.printf(
        Locale.ROOT,
        "%-10s %12.2f %9.2f %9.2f%n",
        "ratio",
        on.rate() / off.rate(),
        on.p50() / off.p50(),
        on.p99() / off.p99());
  }

  private static Run print(String how, List<Run> runs) {
    var median =
        new Run(
            median(runs.stream().mapToDouble(Run::rate)),
            median(runs.stream().mapToDouble(Run::p50)),
            median(runs.stream().mapToDouble(Run::p99)));
    System.out.printf(
        Locale.ROOT, "%-10s %12.0f %9.2f %9.2f%n", how, median.rate(), median.p50(), median.p99());
    return median;
  }

  private static double median(DoubleStream values) {
    double[] sorted = values.sorted().toArray();
    return sorted[sorted.length / 2];
  }

  private record Run(double rate, double p50, double p99) {}

  private static Run run(Path folder, int port, int requests, boolean off)
      throws IOException, InterruptedException {
    Path home = Files.createDirectories(folder.resolve("home"));
    Path log = folder.resolve("log");
    int listen = freePort();
    List<String> command = new ArrayList<>(List.of("./earshot", "run", "-q"));
    if (off) {
      command.add("--no-capture");
    }
    command.addAll(
        List.of(
            "--reverse",
            "%d=http://127.0.0.1:%d".formatted(listen, port),
            "--",
            "sh",
            "-c",
            LOAD,
            "sh",
            "http://127.0.0.1:%d/answer".formatted(listen),
            String.valueOf(requests),
            log.toString()));
    var builder = new ProcessBuilder(command).inheritIO();
    builder.environment().put("HOME", home.toString());
    builder.environment().put("EARSHOT_NO_BUILD", "1");
    Child.require(builder.start().waitFor() == 0, "the load failed");
    var micros = new Samples();
    long first = Long.MAX_VALUE;
    long last = 0;
    for (String line : Files.readAllLines(log, UTF_8)) {
      String[] words = line.split("\t", -1);
      long start = Long.parseLong(words[0]);
      long took = Long.parseLong(words[2]);
      Child.require(words[1].equals("200"), "an answer was " + words[1]);
      micros.add(took);
      first = Math.min(first, start);
      last = Math.max(last, start + took);
    }
    remove(home);
    Files.delete(log);
    return new Run(
        requests * 1e6 / (last - first), micros.quantile(0.5) / 1e3, micros.quantile(0.99) / 1e3);
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static void remove(Path folder) throws IOException {
    try (var all = Files.walk(folder)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }
}
