package dev.earshot.cli.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.cli.Programs;
import java.nio.file.Path;
import java.util.Map;

/** The programs that the cases run, and the Debian packages they are in. */
final class Tools {
  /** Of Debian, so that the modules of Debian are there too. */
  static final Path PYTHON = Path.of("/usr/bin/python3");

  private static final Map<String, String> PROGRAMS =
      Map.ofEntries(
          Map.entry("bash", "bash"),
          Map.entry("certutil", "libnss3-tools"),
          Map.entry("chromium", "chromium"),
          Map.entry("curl", "curl"),
          Map.entry("danted", "dante-server"),
          Map.entry("dash", "dash"),
          Map.entry("fcgiwrap", "fcgiwrap"),
          Map.entry("git", "git"),
          Map.entry("go", "golang-go"),
          Map.entry("h2load", "nghttp2-client"),
          Map.entry("http", "httpie"),
          Map.entry("java", "default-jdk-headless"),
          Map.entry("microsocks", "microsocks"),
          Map.entry("mvn", "maven"),
          Map.entry("nghttp", "nghttp2-client"),
          Map.entry("nghttpd", "nghttp2-server"),
          Map.entry("nc.openbsd", "netcat-openbsd"),
          Map.entry("nginx", "nginx"),
          Map.entry("node", "nodejs"),
          Map.entry("npm", "npm"),
          Map.entry("squid", "squid-openssl"),
          Map.entry("tinyproxy", "tinyproxy-bin"),
          Map.entry("wget", "wget"));

  private static final Map<Path, String> FILES =
      Map.of(
          PYTHON,
          "python3",
          Path.of("/usr/lib/nginx/modules/ngx_http_brotli_filter_module.so"),
          "libnginx-mod-http-brotli-filter",
          Path.of("/usr/lib/python3/dist-packages/aiohttp"),
          "python3-aiohttp",
          Path.of("/usr/lib/python3/dist-packages/h2"),
          "python3-h2",
          Path.of("/usr/lib/python3/dist-packages/httpx"),
          "python3-httpx",
          Path.of("/usr/lib/python3/dist-packages/requests"),
          "python3-requests",
          Path.of("/usr/lib/python3/dist-packages/socks.py"),
          "python3-socks",
          Path.of("/usr/lib/python3/dist-packages/websockets"),
          "python3-websockets");

  private Tools() {}

  /** Fails if one is not there, and tells what to install. */
  static void areThere() {
    PROGRAMS.forEach(Programs::needs);
    FILES.forEach((file, debianPackage) ->
        assertThat(file).as("install the package %s", debianPackage).exists());
  }
}
