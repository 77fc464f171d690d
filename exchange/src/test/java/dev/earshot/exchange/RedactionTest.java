package dev.earshot.exchange;

import static dev.earshot.exchange.Redaction.CREDENTIALS;
import static dev.earshot.exchange.Redaction.NONE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedactionTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "Authorization       | Bearer abc.def                     | Bearer ***",
        "AUTHORIZATION       | Basic dXNlcjpwYXNz                 | Basic ***",
        "authorization       | Digest username=\"u\", response=\"x\" | Digest ***",
        "Authorization       | rawtoken                           | ***",
        "Authorization       | secret words                       | ***",
        "Authorization       | Bearer                             | ***",
        "Authorization       | ^bearer\t \tabc^                   | bearer ***",
        "Proxy-Authorization | Basic dTpw                          | Basic ***",
        "Cookie              | sid=1; theme=dark                   | sid=***; theme=***",
        "Cookie              | ^sid = 1 ;lonely;;a=b=c^            | sid =***;***;;a=***",
        "Set-Cookie          | sid=1; Path=/; HttpOnly; Expires=Wed, 21 Oct 2026 07:28:00 GMT"
            + " | sid=***; Path=/; HttpOnly; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
        "Set-Cookie          | a=1; Path=/, b=2; Secure            | a=***; Path=***; Secure",
        "Set-Cookie          | a=1; Expires=Wed, 1 Oct, b=2        | a=***; Expires=***",
        "set-cookie          | a=1; odd=2; SameSite=Lax            | a=***; odd=***; SameSite=Lax",
        "X-Api-Key           | 123                                 | ***",
        "api-key             | 123                                 | ***",
        "X-Goog-Api-Key      | AIza                                | ***",
        "X-Amz-Security-Token| abc                                 | ***",
        "X-Auth-Token        | abc                                 | ***",
        "X-CSRF-Token        | abc                                 | ***",
        "X-Vault-Token       | abc                                 | ***",
        "Private-Token       | abc                                 | ***",
        "Ocp-Apim-Subscription-Key | abc                           | ***",
        "X_Api_Key           | abc                                 | ***",
        "Location            | /cb?access_token=a&state=b          | /cb?access_token=***&state=b",
        "Referer             | https://u:p@h/x                     | https://***@h/x",
        ":path               | /x?sig=abc                          | /x?sig=***",
        "X-Note              | sent with Bearer abcdef0123         | sent with Bearer ***",
        "X-Forwarded-Access-Token | eyJhbGciOi.x                   | ***",
      })
  void secretHeadersAreMaskedAndKeepTheirForm(String name, String value, String masked) {
    assertEquals(
        List.of(new Header(name, masked)), CREDENTIALS.headers(List.of(new Header(name, value))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "Host | example.org:8443",
        "Content-Type | multipart/form-data; boundary=----x",
        "Date | Wed, 21 Oct 2026 07:28:00 GMT",
        "WWW-Authenticate | Basic realm=\"users\"",
        "WWW-Authenticate | Bearer resource_metadata=\"https://h/x\", error=\"invalid_token\"",
        "Access-Control-Allow-Headers | Authorization, X-Api-Key",
        "Access-Control-Allow-Credentials | true",
        "Sec-WebSocket-Key | dGhlIHNhbXBsZSBub25jZQ==",
        "Idempotency-Key | 8e03978e-40d5-43dd-bc93-6894a57f9324",
        "ETag | ^W/\"abc=:def\"^",
        "Strict-Transport-Security | max-age=31536000; includeSubDomains",
        "Vary | Cookie, Authorization",
        "Location | https://example.org/a?page=2&next_page_token=abc#top",
        "User-Agent | Mozilla/5.0 (X11; Linux x86_64)",
        "X-Odd | ^  a\t b  ^",
      })
  void ordinaryHeadersAreUnchanged(String name, String value) {
    List<Header> headers = List.of(new Header(name, value));
    assertEquals(headers, CREDENTIALS.headers(headers));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "https://user:pass@h/x             | https://***@h/x",
        "https://token@h/x                 | https://***@h/x",
        "HTTPS://u:p@w@h/x                 | HTTPS://***@h/x",
        "https://u:pa/ss@h/x               | https://***@h/x",
        "https:/u:p@h/x                    | https:/***@h/x",
        "https:\\\\u:p@h/x                 | https:\\\\***@h/x",
        "//u:p@h/x                         | //***@h/x",
        "u:p@h:80                          | ***@h:80",
        "https://h?token=a                 | https://h?token=***",
        "/x?token=a&token=b                | /x?token=***&token=***",
        "/x?TOKEN=a                        | /x?TOKEN=***",
        "/x?%61ccess_token=a               | /x?%61ccess_token=***",
        "/x?%2561ccess_token=a             | /x?%2561ccess_token=***",
        "/x?access%5Ftoken=a               | /x?access%5Ftoken=***",
        "/x?+token+=a                      | /x?+token+=***",
        "/x?token%00=a                     | /x?token%00=***",
        "/x?token=a=b&c=d                  | /x?token=***&c=d",
        "/x?token=a;b&c=d                  | /x?token=***&c=d",
        "/x?token=a?b&c=d                  | /x?token=***&c=d",
        "/x?a=1;token=b                    | /x?a=1;token=***",
        "/x?a=1&amp;token=b                | /x?a=1&amp;token=***",
        "/x?user[password]=b               | /x?user[password]=***",
        "/x;token=a/y;b=c?d=e              | /x;token=***/y;b=c?d=e",
        "/x;jsessionid=a                   | /x;jsessionid=***",
        "/x#access_token=a&b=c             | /x#access_token=***&b=c",
        "/x#/cb?access_token=a             | /x#/cb?access_token=***",
        "/x?X-Amz-Signature=a&X-Amz-Date=b | /x?X-Amz-Signature=***&X-Amz-Date=b",
        "/x?X-Amz-Credential=a             | /x?X-Amz-Credential=***",
        "/x?X-Amz-Security-Token=a         | /x?X-Amz-Security-Token=***",
        "/x?X-Goog-Signature=a             | /x?X-Goog-Signature=***",
        "/x?sv=1&sig=a                     | /x?sv=1&sig=***",
        "/x?api_key=a&apikey=b&apiKey=c    | /x?api_key=***&apikey=***&apiKey=***",
        "/x?client_secret=a&password=b     | /x?client_secret=***&password=***",
        "/x?key=AIzaSyA1234567890          | /x?key=***",
        "/x?code=4/0AX4XfWh1234567         | /x?code=***",
        "/x?to=https%3A%2F%2Fh%2F%3Ftoken%3Da | /x?to=***",
        "/x?to=https://u:p@h/              | /x?to=***",
        "/x?q=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc | /x?q=***",
        "/bot/ghp_abcdefghijklmnopqrstuvwxyz0123456789 | /bot/***",
      })
  void secretPartsOfUrlsAreMasked(String url, String masked) {
    assertEquals(masked, CREDENTIALS.url(url));
    assertEquals(masked, CREDENTIALS.url(masked), "masking again changes nothing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "*",
        "/",
        "h:443",
        "[::1]:8080",
        "http://[::1]:8080/a@b?c=d@e",
        "https://h:443/@scope/pkg",
        "/x?page_token=a&max_tokens=5&code=404&key=id&token=",
        "/x?a=b%20c&d=%zz&e=%&f",
        "mailto:bob@example.org",
        "git@example.org:a/b.git",
        "/a;v=1.0/b?c&d=&=e#f",
        "https://h/tokens/5?sort=key&state=xyzxyzxyzxyzxyzxyz",
      })
  void ordinaryUrlsAreUnchanged(String url) {
    assertEquals(url, CREDENTIALS.url(url));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "curl,-H,Authorization: Bearer abc   | curl,-H,Authorization: Bearer ***",
        "curl,-HAuthorization: Bearer abc    | curl,-HAuthorization: Bearer ***",
        "curl,-H,authorization:abc           | curl,-H,authorization:***",
        "curl,--header=X-Api-Key: abc        | curl,--header=X-Api-Key: ***",
        "curl,--header,Cookie: a=b           | curl,--header,Cookie: a=***",
        "curl,-u,user:pass                   | curl,-u,user:***",
        "curl,-uuser:pass                    | curl,-uuser:***",
        "curl,--user,user:pa:ss              | curl,--user,user:***",
        "curl,--user=user:pass               | curl,--user=user:***",
        "curl,--proxy-user,user:pass         | curl,--proxy-user,user:***",
        "curl,--oauth2-bearer,abc            | curl,--oauth2-bearer,***",
        "curl,-b,sid=abc                     | curl,-b,sid=***",
        "x,--password,abc                    | x,--password,***",
        "x,--password,-abc                   | x,--password,***",
        "x,--Password=abc                    | x,--Password=***",
        "x,-password,abc                     | x,-password,***",
        "x,--token,abc,rest                  | x,--token,***,rest",
        "x,--token,--verbose                 | x,--token,--verbose",
        "x,--token=abc=def                   | x,--token=***",
        "earshot,--proxy-auth,u:p            | earshot,--proxy-auth,***",
        "x,--client-secret,abc               | x,--client-secret,***",
        "x,--api-key=abc                     | x,--api-key=***",
        "x,-Ddb.password=abc                 | x,-Ddb.password=***",
        "env,AWS_SECRET_ACCESS_KEY=abc,x     | env,AWS_SECRET_ACCESS_KEY=***,x",
        "env,GITHUB_TOKEN=abc                | env,GITHUB_TOKEN=***",
        "env,SECRET_KEY_BASE=abc             | env,SECRET_KEY_BASE=***",
        "http,X-API-Token:abc                | http,X-API-Token:***",
        "http,Authorization:Bearer abc       | http,Authorization:Bearer ***",
        "psql,postgres://u:p@h/db            | psql,postgres://***@h/db",
        "x,--url=https://h/?token=a          | x,--url=https://h/?token=***",
        "x,{\"access_token\": \"a\", \"b\": 1} | x,{\"access_token\": \"***\", \"b\": 1}",
        "x,{\\\"password\\\":\\\"a b\\\"}    | x,{\\\"password\\\":\\\"***\\\"}",
        "sh,-c,curl -H 'Authorization: Bearer abc' -u a:b h"
            + " | sh,-c,curl -H 'Authorization: Bearer ***' -u a:*** h",
        "sh,-c,x --password \"a b\" --user 'c:d' --token=e"
            + " | sh,-c,x --password \"***\" --user 'c:***' --token=***",
        "sh,-c,TOKEN=abc x                   | sh,-c,TOKEN=*** x",
        "x,sk-abcdefghijklmnopqrstuvwxyz     | x,***",
        "x,-----BEGIN PRIVATE KEY-----MIIE   | x,***",
      })
  void secretArgumentsAreMasked(String argv, String masked) {
    List<String> expected = List.of(masked.split(",", -1));
    List<String> arguments = List.of(argv.split(",", -1));
    assertEquals(expected, CREDENTIALS.argv(arguments));
    assertEquals(expected, CREDENTIALS.argv(expected), "masking again changes nothing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "npm,test",
        "git,commit,-m,fix the token parser: it failed",
        "go,build,-buildmode=pie,-o,x",
        "python,-u,-m,http.server",
        "sort,-u,file",
        "curl,-H,Accept: application/json,https://h:8443/a?b=c",
        "x,--password-file,/run/p,--max-tokens,5,--token-type=jwt",
        "x,--no-password,value",
        "env,PWD=/home/x,PATH=/bin:/usr/bin,LANG=C",
        "docker,run,registry:5000/a/b@sha256:abcdef",
        "deno,run,npm:cowsay@1.5",
        "sh,-c,for i in 1 2; do echo \"$i\" 'x'; done",
        "java,-cp,a.jar:b.jar,-Xmx1g,Main,",
      })
  void ordinaryArgumentsAreUnchanged(String argv) {
    List<String> arguments = List.of(argv.split(",", -1));
    assertEquals(arguments, CREDENTIALS.argv(arguments));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "cannot reach https://u:p@h/?token=a: refused | cannot reach https://***@h/?token=***"
            + " refused",
        "bad header \"Authorization: Bearer abc\" here | bad header \"Authorization: Bearer ***\""
            + " here",
        "password = hunter2 was wrong                 | password = *** was wrong",
        "got Basic dXNlcjpwYXNz back                  | got Basic *** back",
      })
  void secretsInFreeTextAreMasked(String text, String masked) {
    assertEquals(masked, CREDENTIALS.text(text));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        """
        {"password": "a", "n": 1} | {"password": "***", "n": 1}
        """,
        """
        {"password":"a\\"bc","n":1} | {"password":"***","n":1}
        """,
        """
        {"password":"a\\\\","n":"b"} | {"password":"***","n":"b"}
        """,
        """
        {"pin":1234,"user":"joe"} | {"pin":"***","user":"joe"}
        """,
        """
        {"passwords":["a","]b"],"x":"y"} | {"passwords":"***","x":"y"}
        """,
        """
        {"token":{"value":"}a"},"x":"y"} | {"token":"***","x":"y"}
        """,
        """
        {"secret":null,"has_token":true} | {"secret":null,"has_token":true}
        """,
        """
        {"a":"{\\"token\\":\\"b\\",\\"c\\":1}"} | {"a":"{\\"token\\":\\"***\\",\\"c\\":1}"}
        """,
        """
        {"a":"{\\"pin\\":12,\\"c\\":1}"} | {"a":"{\\"pin\\":\\"***\\",\\"c\\":1}"}
        """,
        """
        {"max_tokens":5,"passwords_hint":"x"} | {"max_tokens":5,"passwords_hint":"x"}
        """,
        """
        <l><password>a b</password><n>c</n></l> | <l><password>***</password><n>c</n></l>
        """,
        """
        <w:Token xml:a="b"><![CDATA[a<b]]></w:Token> | <w:Token xml:a="b">***</w:Token>
        """,
        """
        user=joe&password=a&x=y | user=joe&password=***&x=y
        """,
      })
  void secretsInBodiesAreMasked(String text, String masked) {
    assertEquals(masked.strip(), CREDENTIALS.text(text.strip()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "unexpected token: <",
        "Basic authentication is required",
        "cannot connect to 127.0.0.1:8080: refused",
        "the certificate of api.example.org is not trusted",
      })
  void ordinaryTextIsUnchanged(String text) {
    assertEquals(text, CREDENTIALS.text(text));
  }

  @Test
  void noneMasksNothing() {
    List<Header> headers = List.of(new Header("Authorization", "Bearer abc"));
    assertEquals(headers, NONE.headers(headers));
    assertEquals("https://u:p@h/?token=a", NONE.url("https://u:p@h/?token=a"));
    assertEquals(List.of("--token", "a"), NONE.argv(List.of("--token", "a")));
    assertEquals("password=a", NONE.text("password=a"));
  }

  @Test
  void aProfileIsFoundByItsName() {
    assertEquals(Optional.of(CREDENTIALS), Redaction.named("credentials"));
    assertEquals(Optional.of(NONE), Redaction.named("none"));
    assertEquals(Optional.empty(), Redaction.named("Credentials"));
  }

  @Test
  void whatIsTooLongToLookThroughIsMasked() {
    String longText = "a".repeat(256 * 1024 + 1);
    assertEquals(Redaction.MASK, CREDENTIALS.text(longText));
    assertEquals(Redaction.MASK, CREDENTIALS.url(longText));
    assertEquals(List.of(Redaction.MASK), CREDENTIALS.argv(List.of(longText)));
    assertEquals(
        List.of(new Header("x", Redaction.MASK)),
        CREDENTIALS.headers(List.of(new Header("x", longText))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "/",
        "=",
        ":",
        "%",
        "://",
        ";",
        "&",
        "\"",
        "\\",
        "-",
        "-a \"",
        "a=",
        "a:",
        "token",
        " ",
        "%25",
        "?to=",
        "gh",
        "eyJa.",
        "Bearer ",
        "sk-",
        "@",
        "-u '",
        "x://@",
        "https://a%3a%2f%2f",
        "\"pin\":[\"",
        "\"pin\":{",
        "\\\"pin\\\":\\\"",
        "<pin>a",
        "<pin a"
      })
  void theWorkIsLinearInTheLength(String piece) {
    String text = piece.repeat(256 * 1024 / piece.length());
    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          CREDENTIALS.text(text);
          CREDENTIALS.url(text);
          CREDENTIALS.argv(List.of(text, "-" + text));
          CREDENTIALS.headers(
              List.of(
                  new Header("Cookie", text),
                  new Header("Set-Cookie", text),
                  new Header("Authorization", text),
                  new Header(text, text)));
        });
  }

  /** Random texts of telling pieces: nothing throws, and the marked secret is never seen. */
  @Test
  void aSecretStaysHiddenWhateverIsAroundIt() {
    var random = new Random(42);
    List<String> noise =
        List.of("", "/", "?", "&a=b", ";c=d", "#f", "%20", "=", "%zz", "é", "x", "//", "@h");
    for (int i = 0; i < 5_000; i++) {
      String front = pick(random, noise) + pick(random, noise) + pick(random, noise);
      String back = pick(random, noise) + pick(random, noise);
      String url = "https://h/" + front + "?access_token=SECRET" + back;
      assertFalse(CREDENTIALS.url(url).contains("SECRET"), url);
      assertFalse(CREDENTIALS.text("see " + url + " there").contains("SECRET"), url);
      assertFalse(CREDENTIALS.argv(List.of("x", url)).toString().contains("SECRET"), url);
    }
  }

  @Test
  void randomTextNeverThrows() {
    var random = new Random(7);
    String alphabet = "=:;&?#/@%25aA-_\"'\\ \t.token,Bearer\u0000\u00ff";
    for (int i = 0; i < 50_000; i++) {
      var text = new StringBuilder();
      for (int n = random.nextInt(40); n > 0; n--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      String s = text.toString();
      String once = CREDENTIALS.text(s);
      assertEquals(once, CREDENTIALS.text(once), s);
      String url = CREDENTIALS.url(s);
      assertEquals(url, CREDENTIALS.url(url), s);
      List<String> argv = CREDENTIALS.argv(List.of(s, s));
      assertEquals(argv, CREDENTIALS.argv(argv), s);
      assertTrue(
          CREDENTIALS.headers(List.of(new Header(s, s), new Header("Cookie", s))).size() == 2);
    }
  }

  private static String pick(Random random, List<String> from) {
    return from.get(random.nextInt(from.size()));
  }
}
