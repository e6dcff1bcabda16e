from django.urls import path

from api import mcp

app_name = "mcp"

urlpatterns = [path("mcp", mcp.serve, name="serve")]
