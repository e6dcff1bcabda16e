"""Asks a Roster about its customers through MCP, with the official client.

ROSTER_URL=http://localhost:8000 ROSTER_KEY=roster_… python examples/mcp_client.py "export fails"
"""

import asyncio
import os
import sys

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client


async def main(words: str) -> None:
    url, key = os.environ.get("ROSTER_URL", "http://localhost:8000"), os.environ["ROSTER_KEY"]
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
    ):
        tools = await client.list_tools()
        print("Tools:", ", ".join(tool.name for tool in tools.tools))
        found = await client.call_tool("search", {"query": words})
        for kind, rows in found.structured_content.items():
            for row in rows:
                print(f"{kind}: {row['id']} {row.get('name') or row.get('title')}")


if __name__ == "__main__":
    asyncio.run(main(" ".join(sys.argv[1:]) or "export"))
