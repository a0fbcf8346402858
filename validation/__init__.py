"""The evidence that refscore and its kit can be trusted; no part of the installed library."""
