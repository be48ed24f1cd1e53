/**
 * The tests of the stack. They are one file to vitest, which reads everything anew for each file: the CDK alone takes
 * seconds.
 */
import "./alarm-times.suite.ts";
import "./alarms.suite.ts";
import "./cost.suite.ts";
import "./nag.suite.ts";
import "./permissions.suite.ts";
import "./release.suite.ts";
import "./resources.suite.ts";
import "./rules.suite.ts";
import "./two-stacks.suite.ts";
