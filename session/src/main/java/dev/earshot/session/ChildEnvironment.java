package dev.earshot.session;

import dev.earshot.proxy.ProxyCredentials;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The environment of the command: the user's, with what leads its clients through the proxy and
 * lets them trust it. What the user set for another purpose is extended, never lost; no variable is
 * removed.
 *
 * <p>Names and values are raw bytes, one char for each (ISO 8859-1), so that a value that is no
 * text passes unharmed.
 */
public final class ChildEnvironment {
  /** Marks every process of a session; its value is the session's id. */
  public static final String MARKER = "EARSHOT_SESSION";

  /** Read by every JVM before its command line. */
  private static final String FOR_EVERY_JVM = "JAVA_TOOL_OPTIONS";

  /** These come later and so win: where they name a property of ours, ours is added there too. */
  private static final List<String> FOR_SOME_JVMS = List.of("JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

  private static final String NPM = "npm_config_";

  private ChildEnvironment() {}

  /**
   * Where the proxy listens, as the command sees it.
   *
   * @param host a name or an address; an IPv6 address without brackets
   * @param port 1 to 65535
   * @param credentials for clients that need them; those of the command's tree do not
   */
  public record Proxy(String host, int port, Optional<ProxyCredentials> credentials) {
    /** Refuses a port out of range. */
    public Proxy {
      if (port < 1 || port > 65535) {
        throw new IllegalArgumentException("not a port: " + port);
      }
    }

    /** One without credentials. */
    public Proxy(String host, int port) {
      this(host, port, Optional.empty());
    }

    /** The URL that proxy variables take, such as {@code http://127.0.0.1:8080}. */
    public String url() {
      String userInfo = credentials.map(each -> each.userInfo() + "@").orElse("");
      return "http://" + userInfo + (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
  }

  /**
   * The environment of the command. Pure: reads no file and no environment.
   *
   * @param user the user's environment, in its order
   * @param proxy where the proxy listens
   * @param trust the session's files
   * @param without runtimes whose variables stay as the user has them; all of them leaves nothing
   *     but the marker
   * @param session the id of the session
   * @return the user's variables in their order, then the added ones
   */
  public static Map<String, String> of(
      Map<String, String> user,
      Proxy proxy,
      TrustFiles trust,
      Set<ClientRuntime> without,
      String session) {
    Map<String, String> child = new LinkedHashMap<>(user);
    for (ChildVariable variable : ChildVariable.ALL) {
      if (!without.contains(variable.runtime())) {
        Collection<String> set = spellings(user, variable.name());
        String value = value(variable, proxy, trust);
        set.forEach(name -> child.put(name, value));
        if (set.isEmpty() && variable.presence() == ChildVariable.Presence.ALWAYS) {
          child.put(variable.name(), value);
        }
      }
    }
    if (!without.contains(ClientRuntime.JAVA)) {
      addJvmOptions(child, proxy, trust);
    }
    if (!without.contains(ClientRuntime.PHP)) {
      child.put("PHP_INI_SCAN_DIR", phpDirectories(user, trust.phpDirectory()));
    }
    if (!without.contains(ClientRuntime.WGET)) {
      child.put("WGETRC", trust.wgetrc());
    }
    child.put(MARKER, session);
    return child;
  }

  private static String value(ChildVariable variable, Proxy proxy, TrustFiles trust) {
    return switch (variable.content()) {
      case PROXY -> proxy.url();
      case EMPTY -> "";
      case ONE -> "1";
      case COMBINED_CA -> trust.combined();
      case EXTRA_CA -> trust.extra().getOrDefault(variable.name(), trust.own());
    };
  }

  /** The names under which the user has set a variable: npm reads its own in any case. */
  private static Collection<String> spellings(Map<String, String> user, String name) {
    Stream<String> same =
        name.startsWith(NPM)
            ? user.keySet().stream().filter(name::equalsIgnoreCase)
            : Stream.of(name).filter(user::containsKey);
    return same.toList();
  }

  /**
   * An empty directory in the list is the one PHP was built with; a variable that is set but empty
   * means that none is scanned, and then only ours is (PHP manual, "The configuration file").
   */
  private static String phpDirectories(Map<String, String> user, String ours) {
    String directories = user.get("PHP_INI_SCAN_DIR");
    if (directories == null) {
      return ":" + ours;
    }
    return directories.isEmpty() ? ours : directories + ":" + ours;
  }

  private static void addJvmOptions(Map<String, String> child, Proxy proxy, TrustFiles trust) {
    Map<String, String> properties = jvmProperties(proxy, trust);
    child.merge(FOR_EVERY_JVM, options(properties), ChildEnvironment::appended);
    for (String name : FOR_SOME_JVMS) {
      Optional<List<String>> words =
          Optional.ofNullable(child.get(name)).flatMap(JvmOptions::words);
      boolean overrides =
          words.stream()
              .flatMap(List::stream)
              .anyMatch(word -> properties.keySet().stream().anyMatch(p -> sets(word, p)));
      if (overrides) {
        child.merge(name, options(properties), ChildEnvironment::appended);
      }
    }
  }

  private static boolean sets(String word, String property) {
    return word.equals("-D" + property) || word.startsWith("-D" + property + "=");
  }

  /** What a JVM cannot parse stays as it is: the JVM will say so, as it would have without us. */
  private static String appended(String users, String ours) {
    if (JvmOptions.words(users).isEmpty()) {
      return users;
    }
    return users.isBlank() ? ours : users + " " + ours;
  }

  private static String options(Map<String, String> properties) {
    return properties.entrySet().stream()
        .map(property -> JvmOptions.set(property.getKey(), property.getValue()))
        .collect(Collectors.joining(" "));
  }

  /** An empty {@code http.nonProxyHosts} excepts nothing; an absent one excepts the loopback. */
  private static Map<String, String> jvmProperties(Proxy proxy, TrustFiles trust) {
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put("http.proxyHost", proxy.host());
    properties.put("http.proxyPort", String.valueOf(proxy.port()));
    properties.put("https.proxyHost", proxy.host());
    properties.put("https.proxyPort", String.valueOf(proxy.port()));
    properties.put("http.nonProxyHosts", "");
    properties.put("javax.net.ssl.trustStore", trust.javaTrustStore());
    properties.put("javax.net.ssl.trustStoreType", TrustFiles.TRUST_STORE_TYPE);
    properties.put("javax.net.ssl.trustStorePassword", TrustFiles.TRUST_STORE_PASSWORD);
    return properties;
  }
}
