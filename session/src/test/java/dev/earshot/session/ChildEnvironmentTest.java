package dev.earshot.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.earshot.proxy.ProxyCredentials;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChildEnvironmentTest {
  private static final ChildEnvironment.Proxy PROXY = new ChildEnvironment.Proxy("127.0.0.1", 4711);
  private static final String URL = "http://127.0.0.1:4711";
  private static final TrustFiles TRUST = trust("/s/t.p12", Map.of());
  private static final String JVM_OPTIONS =
      "-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=4711 -Dhttps.proxyHost=127.0.0.1"
          + " -Dhttps.proxyPort=4711 -Dhttp.nonProxyHosts= -Djavax.net.ssl.trustStore=/s/t.p12"
          + " -Djavax.net.ssl.trustStoreType=PKCS12"
          + " -Djavax.net.ssl.trustStorePassword=changeit";

  @ParameterizedTest
  @CsvSource({
    "HTTP_PROXY, http://127.0.0.1:4711",
    "http_proxy, http://127.0.0.1:4711",
    "HTTPS_PROXY, http://127.0.0.1:4711",
    "https_proxy, http://127.0.0.1:4711",
    "ALL_PROXY, http://127.0.0.1:4711",
    "all_proxy, http://127.0.0.1:4711",
    "WSS_PROXY, http://127.0.0.1:4711",
    "grpc_proxy, http://127.0.0.1:4711",
    "npm_config_https_proxy, http://127.0.0.1:4711",
    "NO_PROXY, ''",
    "no_proxy, ''",
    "npm_config_noproxy, ''",
    "NODE_USE_ENV_PROXY, 1",
    "PERL_LWP_ENV_PROXY, 1",
    "NODE_EXTRA_CA_CERTS, /s/own.pem",
    "DENO_CERT, /s/own.pem",
    "SSL_CERT_FILE, /s/all.pem",
    "CURL_CA_BUNDLE, /s/all.pem",
    "REQUESTS_CA_BUNDLE, /s/all.pem",
    "GIT_SSL_CAINFO, /s/all.pem",
    "AWS_CA_BUNDLE, /s/all.pem",
    "npm_config_cafile, /s/all.pem",
    "WGETRC, /s/wgetrc",
    "PHP_INI_SCAN_DIR, :/s/php",
    "EARSHOT_SESSION, id",
  })
  void anEmptyEnvironmentIsFilledFor(String name, String value) {
    assertEquals(value, child(Map.of()).get(name));
  }

  @Test
  void theUsersVariablesKeepTheirOrderAndTheirBytes() {
    Map<String, String> user = new LinkedHashMap<>();
    user.put("Z", "last");
    user.put("HTTP_PROXY", "http://corporate:3128");
    user.put("A", "first\u00ff\n=;");
    user.put("NODE_OPTIONS", "--inspect");
    user.put("SSL_CERT_DIR", "/certs");
    user.put("EMPTY", "");
    Map<String, String> child = child(user);
    assertEquals(List.copyOf(user.keySet()), List.copyOf(child.keySet()).subList(0, user.size()));
    user.replace("HTTP_PROXY", URL);
    user.forEach((name, value) -> assertEquals(value, child.get(name), name));
  }

  @Test
  void whatIsNotOnTheListIsNotAdded() {
    List<String> listed = new ArrayList<>();
    ChildVariable.ALL.forEach(variable -> listed.add(variable.name()));
    listed.addAll(List.of("JAVA_TOOL_OPTIONS", "PHP_INI_SCAN_DIR", "WGETRC", "EARSHOT_SESSION"));
    assertTrue(listed.containsAll(child(Map.of()).keySet()));
    assertFalse(child(Map.of()).containsKey("YARN_HTTPS_CA_FILE_PATH"));
    assertFalse(child(Map.of()).containsKey("JDK_JAVA_OPTIONS"));
  }

  @Test
  void theUsersProxiesGiveWayAlsoUnderRareNames() {
    Map<String, String> user =
        Map.of(
            "no_proxy", "localhost", "PIP_PROXY", "http://p:1", "NPM_CONFIG_PROXY", "http://p:1");
    Map<String, String> child = child(user);
    assertEquals("", child.get("no_proxy"));
    assertEquals(URL, child.get("PIP_PROXY"));
    assertEquals(URL, child.get("NPM_CONFIG_PROXY"));
    assertFalse(child.containsKey("npm_config_proxy"), "npm would read both");
  }

  @Test
  void aVariableThatAddsCertificatesGetsTheMergedFile() {
    TrustFiles trust = trust("/s/t.p12", Map.of("NODE_EXTRA_CA_CERTS", "/s/node.pem"));
    Map<String, String> child =
        ChildEnvironment.of(Map.of("NODE_EXTRA_CA_CERTS", "/u"), PROXY, trust, Set.of(), "id");
    assertEquals("/s/node.pem", child.get("NODE_EXTRA_CA_CERTS"));
    assertEquals("/s/own.pem", child.get("DENO_CERT"));
  }

  @ParameterizedTest
  @CsvSource({
    "'', /s/php",
    "/user, /user:/s/php",
    ":/user, :/user:/s/php",
  })
  void phpKeepsTheUsersDirectories(String user, String merged) {
    assertEquals(merged, child(Map.of("PHP_INI_SCAN_DIR", user)).get("PHP_INI_SCAN_DIR"));
  }

  @Test
  void jvmOptionsAreAppended() {
    assertEquals(JVM_OPTIONS, child(Map.of()).get("JAVA_TOOL_OPTIONS"));
    assertEquals(JVM_OPTIONS, child(Map.of("JAVA_TOOL_OPTIONS", " ")).get("JAVA_TOOL_OPTIONS"));
    assertEquals(
        "-Xmx1g \"-Da=b c\" " + JVM_OPTIONS,
        child(Map.of("JAVA_TOOL_OPTIONS", "-Xmx1g \"-Da=b c\"")).get("JAVA_TOOL_OPTIONS"));
  }

  @Test
  void jvmOptionsThatNoJvmParsesAreLeftAlone() {
    assertEquals("-Da='b", child(Map.of("JAVA_TOOL_OPTIONS", "-Da='b")).get("JAVA_TOOL_OPTIONS"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"})
  void laterJvmOptionsGetOursOnlyIfTheyWouldOverrideThem(String name) {
    assertEquals("-Xmx1g", child(Map.of(name, "-Xmx1g")).get(name));
    for (String own :
        List.of(
            "'-Djavax.net.ssl.trustStore=/a b'",
            "-Dhttp.nonProxyHosts",
            "-Dhttps.proxyHost=corporate")) {
      assertEquals(own + " " + JVM_OPTIONS, child(Map.of(name, own)).get(name));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/s/a b.p12", "/s/it's \"x\".p12", "/s/\t'.p12", "\"", "''"})
  void aTrustStoreOfAnyNameIsOneOption(String path) {
    Map<String, String> child =
        ChildEnvironment.of(Map.of(), PROXY, trust(path, Map.of()), Set.of(), "id");
    List<String> words =
        JvmOptions.words(child.getOrDefault("JAVA_TOOL_OPTIONS", "")).orElseThrow();
    assertEquals(Optional.of(path), JvmOptions.property(words, "javax.net.ssl.trustStore"));
    assertEquals(8, words.size());
  }

  @ParameterizedTest
  @EnumSource(ClientRuntime.class)
  void aRuntimeCanBeLeftOut(ClientRuntime runtime) {
    Map<String, String> with = child(Map.of());
    Map<String, String> without =
        ChildEnvironment.of(Map.of(), PROXY, TRUST, Set.of(runtime), "id");
    assertTrue(with.entrySet().containsAll(without.entrySet()));
    assertTrue(without.size() < with.size(), "it has variables");
    assertEquals(Optional.of(runtime), ClientRuntime.named(runtime.wireName()));
  }

  @Test
  void withoutAnyRuntimeOnlyTheMarkerIsAdded() {
    Map<String, String> user = Map.of("HTTP_PROXY", "http://p", "JAVA_TOOL_OPTIONS", "-Xmx1g");
    Map<String, String> expected = new LinkedHashMap<>(user);
    expected.put("EARSHOT_SESSION", "id");
    assertEquals(
        expected,
        ChildEnvironment.of(user, PROXY, TRUST, EnumSet.allOf(ClientRuntime.class), "id"));
  }

  @Test
  void anIpv6ProxyHasBracketsOnlyInUrls() {
    var proxy = new ChildEnvironment.Proxy("::1", 80);
    Map<String, String> child = ChildEnvironment.of(Map.of(), proxy, TRUST, Set.of(), "id");
    assertEquals("http://[::1]:80", child.get("https_proxy"));
    assertTrue(child.getOrDefault("JAVA_TOOL_OPTIONS", "").contains("-Dhttp.proxyHost=::1 "));
    assertThrows(IllegalArgumentException.class, () -> new ChildEnvironment.Proxy("h", 0));
  }

  @Test
  void credentialsAreInUrlsAlone() {
    var credentials = ProxyCredentials.parse("me:p@ss");
    var proxy = new ChildEnvironment.Proxy("127.0.0.1", 80, Optional.of(credentials));
    Map<String, String> child = ChildEnvironment.of(Map.of(), proxy, TRUST, Set.of(), "id");
    assertEquals("http://me:p%40ss@127.0.0.1:80", child.get("https_proxy"));
    assertTrue(child.getOrDefault("JAVA_TOOL_OPTIONS", "").contains("-Dhttp.proxyHost=127.0.0.1 "));
  }

  private static Map<String, String> child(Map<String, String> user) {
    return ChildEnvironment.of(user, PROXY, TRUST, Set.of(), "id");
  }

  private static TrustFiles trust(String store, Map<String, String> extra) {
    return new TrustFiles(
        "/s/own.pem", "/s/all.pem", extra, store, "/s/wgetrc", "/s/php", List.of());
  }
}
