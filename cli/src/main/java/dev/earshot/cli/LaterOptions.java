package dev.earshot.cli;

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * Options that the documentation names and this version does not serve: each is refused by name.
 */
final class LaterOptions {
  private static final List<String> NAMES =
      List.of("--filter", "--fail-on", "--allow-hosts", "--max-calls", "--project", "--run-config");

  private LaterOptions() {}

  static void addTo(CommandSpec spec) {
    for (String name : NAMES) {
      spec.addOption(OptionSpec.builder(name).arity("1").type(String.class).hidden(true).build());
    }
  }

  static void refuse(ParseResult parsed) throws UserError {
    for (String name : NAMES) {
      if (parsed.hasMatchedOption(name)) {
        throw UserError.notThereYet(name, "leave it out");
      }
    }
  }
}
